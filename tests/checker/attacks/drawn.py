"""Networks drawn at random from everything that the format allows."""

import math

import numpy as np

SMOOTH = ("identity", "tanh", "erf", "sin", "gelu", "quadratic")


class Drawn:
    """A network, layer by layer, with what `build` needs of it."""

    def __init__(self, build, seed):
        self.build, self.rng = build, np.random.default_rng(seed)
        self.layers, self.shapes = [], {}

    def _some(self, probability):
        return bool(self.rng.random() < probability)

    def _number(self, low=0.3, high=1.5, signed=False):
        value = float(self.rng.uniform(low, high))
        return -value if signed and self._some(0.5) else value

    def _activation(self):
        kind = self.rng.integers(9)
        if kind < len(SMOOTH):
            return {"name": SMOOTH[kind]}
        if kind == 6:
            return {"name": "leaky_relu", "slope": self._number(-1.5, 1.5)}
        if kind == 7:
            return {"name": "relu"}
        name = "softplus" if self._some(0.5) else "sigmoid"
        return {"name": name, "shifted": self._some(0.5)}

    def _name(self, letter, shape):
        name = f"{letter}{len(self.shapes)}"
        self.shapes[name] = shape
        return name

    def _affine(self, width, features, first=()):
        """What dense layers and convolutions share."""
        trained = self._some(0.7)
        layer = {
            "weights": self._name("w", (*first, features, width)),
            "factor": self._number() / math.sqrt(width),
            "activation": self._activation(),
            "trained": trained,
            "gain": self._number(),
        }
        if self._some(0.4):
            values = self._name("b", (*first, features))
            factor = 0.0 if self._some(0.1) else self._number(signed=True)
            own = {"values": values, "factor": factor, "trained": trained and self._some(0.6)}
            layer["bias"] = own
        return layer

    def dense(self, width, features):
        own = self._affine(width, features)
        if width == features:
            for name in ("skip_in", "skip_out"):
                own[name] = self._number(signed=True) if self._some(0.4) else 0.0
        self.layers.append(self.build.dense(**own))

    def equilibrium(self, width):
        name, keep = self._name("a", (width, width)), self._some(0.5)
        known = ("tanh", "sin", "relu", "identity")
        self.layers.append({
            "type": "equilibrium", "weights": name, "factor": 0.15 / math.sqrt(width),
            "trained": self._some(0.7), "activation": {"name": known[self.rng.integers(4)]},
            "keep_input": keep,
        })  # fmt: skip
        return width * (1 + keep)

    def convolution(self, positions, channels):
        """One or two axes of positions; returns what comes out."""
        rng, rank = self.rng, len(positions)
        window = [int(rng.integers(1, p + 1)) for p in positions]
        strides = [int(rng.integers(1, 3)) for _ in positions]
        padding = ("valid", "same", "circular")[rng.integers(3)]
        output = tuple(
            (p - w) // s + 1 if padding == "valid" else -(-p // s)
            for p, w, s in zip(positions, window, strides, strict=True)
        )
        places = {"window": window, "strides": strides, "padding": padding}
        if self._some(0.3):
            self.layers.append({"type": "pool"} | places)
            return output, channels
        features, shared = int(rng.integers(1, 4)), self._some(0.6)
        first = () if shared else (math.prod(output),)
        own = self._affine(math.prod(window) * channels, features, first)
        if output == positions and features == channels:
            for name in ("skip_in", "skip_out"):
                own[name] = self._number(signed=True) if self._some(0.4) else 0.0
        weights, factor = own.pop("weights"), own.pop("factor")
        self.layers.append(
            self.build.conv(
                weights, factor, window, own.pop("activation"),
                **own | {"strides": strides, "padding": padding, "shared": shared},
            )
        )  # fmt: skip
        assert rank == len(output)
        return output, features

    def case(self):
        """Inputs, weights, targets."""
        rng, n, outputs = self.rng, int(self.rng.integers(1, 4)), int(self.rng.integers(1, 3))
        if self._some(0.5):
            positions = tuple(int(p) for p in rng.integers(1, 4, size=rng.integers(1, 3)))
            channels = int(rng.integers(1, 3))
            x = rng.normal(size=(n, *positions, channels)) / 2
            if self._some(0.3):
                x[:, 0] = 0.0
            for _ in range(int(rng.integers(1, 4))):
                positions, channels = self.convolution(positions, channels)
            kind = "flatten" if self._some(0.6) else "global_average"
            self.layers.append({"type": kind})
            width = channels * (math.prod(positions) if kind == "flatten" else 1)
        else:
            width = int(rng.integers(1, 5))
            x = rng.normal(size=(n, width)) / 2
            if self._some(0.2):
                x[:, 0] = 0.0
        for _ in range(int(rng.integers(0, 3))):
            if self._some(0.2):
                width = self.equilibrium(width)
            else:
                features = width if self._some(0.5) else int(rng.integers(2, 6))
                self.dense(width, features)
                width = features
        self.dense(width, outputs)
        if self._some(0.7):
            self.layers[-1]["activation"] = {"name": "identity"}
        last = [layer for layer in self.layers if "trained" in layer][-1]
        if not any(layer.get("trained") for layer in self.layers):
            last["trained"] = True
        offset = rng.normal(size=(n, outputs)) if self._some(0.3) else None
        seed = int(rng.integers(2**31))
        return self.build.case(self.layers, self.shapes, x, outputs, seed, offset)
