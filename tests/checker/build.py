"""Certificate folders made by hand with NumPy: an interpreter of the format, and a polish.

Nothing of the checker is used here, so that what it computes can be compared.
"""

import dataclasses
import hashlib
import itertools
import json
import math

import numpy as np

PLAIN = {"skip_in": 0.0, "skip_out": 0.0, "gain": 1.0, "bias": None, "trained": True}
SOFTPLUS = {"name": "softplus", "shifted": True}
erf = np.vectorize(math.erf)
FUNCTIONS = {
    "identity": lambda z: z,
    "tanh": np.tanh,
    "sin": np.sin,
    "quadratic": lambda z: z * z,
    "relu": lambda z: np.where(z.real > 0, z, 0.0),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    # At z + i eps the imaginary part is eps times the derivative.
    "erf": lambda z: (
        erf(z.real) + 1j * z.imag * 2 / math.sqrt(math.pi) * np.exp(-(z.real**2))
        if np.iscomplexobj(z)
        else erf(z)
    ),
    "gelu": lambda z: z * (0.5 + 0.5 * FUNCTIONS["erf"](z / math.sqrt(2))),
}


def dense(weights, factor, activation="tanh", **others):
    """A dense layer in the format, with numbers instead of hexadecimal."""
    own = activation if isinstance(activation, dict) else {"name": activation}
    layer = {"type": "dense", "weights": weights, "factor": factor, "activation": own}
    return PLAIN | layer | others


def conv(weights, factor, window, activation="tanh", **others):
    """A convolution in the format."""
    extra = {"type": "conv", "window": window, "strides": [1] * len(window), "shared": True}
    return dense(weights, factor, activation, padding="same") | extra | others


def hexed(value):
    """All floats in hexadecimal."""
    if isinstance(value, dict):
        return {key: hexed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [hexed(one) for one in value]
    return value.hex() if isinstance(value, float) else value


def windows(h, window, strides, padding):
    """(n, windows, positions in a window, channels), with loops."""
    space, outputs, starts = h.shape[1:-1], [], []
    for size, w, s in zip(space, window, strides, strict=True):
        count = (size - w) // s + 1 if padding == "valid" else -(-size // s)
        total = 0 if padding == "valid" else max((count - 1) * s + w - size, 0)
        outputs.append(count)
        starts.append(-(total // 2))
    found = []
    for place in itertools.product(*map(range, outputs)):
        seen = []
        for offset in itertools.product(*map(range, window)):
            at = [p * s + o + b for p, s, o, b in zip(place, strides, offset, starts, strict=True)]
            if padding == "circular":
                at = [a % size for a, size in zip(at, space, strict=True)]
            inside = all(0 <= a < size for a, size in zip(at, space, strict=True))
            seen.append(
                h[(slice(None), *at)]
                if inside
                else np.zeros_like(h[:, 0].reshape(len(h), -1)[:, : h.shape[-1]])
            )
        found.append(np.stack(seen, 1))
    return np.stack(found, 1), tuple(outputs)


def forward(network, arrays, x=None):
    """The outputs minus the offset, for real or complex arrays."""
    h = arrays[network["inputs"]] if x is None else x
    for layer in network["layers"]:
        h = _layer(layer, arrays, h)
    return h if network["offset"] is None else h - arrays[network["offset"]]


def _function(spec):
    if spec["name"] == "leaky_relu":
        return lambda z: np.where(z.real > 0, z, spec["slope"] * z)
    shift = {"softplus": math.log(2), "sigmoid": 0.5} if spec.get("shifted") else {}
    return lambda z: FUNCTIONS[spec["name"]](z) - shift.get(spec["name"], 0.0)


def _layer(layer, arrays, h):
    kind, n = layer["type"], len(h)
    if kind == "flatten":
        return h.reshape(n, -1)
    if kind == "global_average":
        return h.reshape(n, -1, h.shape[-1]).mean(1)
    if kind == "pool":
        seen, output = windows(h, layer["window"], layer["strides"], layer["padding"])
        return seen.mean(2).reshape(n, *output, h.shape[-1])
    phi, w = _function(layer["activation"]), arrays[layer["weights"]]
    if kind == "equilibrium":
        state = np.zeros_like(h @ w)
        for _ in range(40):
            state = phi(layer["factor"] * state @ w.T + h)
        return np.concatenate([state, h], 1) if layer["keep_input"] else state
    if kind == "dense":
        z = layer["factor"] * h @ w.T
    else:
        seen, output = windows(h, layer["window"], layer["strides"], layer["padding"])
        seen = seen.reshape(n, seen.shape[1], -1)
        z = layer["factor"] * np.einsum(
            "npq,...fq->npf" if layer["shared"] else "npq,pfq->npf", seen, w
        )
    if layer["bias"] is not None:
        b = arrays[layer["bias"]["values"]]
        z = z + layer["bias"]["factor"] * b.reshape(
            1, *(b.shape if b.ndim + 1 == z.ndim else (1,) * (z.ndim - 2) + b.shape)
        )
    if kind == "conv":
        z = z.reshape(n, *output, z.shape[-1])
    z = z + layer["skip_in"] * h if layer["skip_in"] else z
    out = layer["gain"] * phi(z)
    return out + layer["skip_out"] * h if layer["skip_out"] else out


@dataclasses.dataclass
class Case:
    """A network with data, in the format but for hexadecimal."""

    network: dict
    arrays: dict

    def trained(self):
        """Names of the trained arrays, in the order of the layers."""
        names = []
        for layer in self.network["layers"]:
            if layer.get("trained"):
                names.append(layer["weights"])
                if layer.get("bias") and layer["bias"]["trained"]:
                    names.append(layer["bias"]["values"])
        return names

    def theta(self):
        return np.concatenate([self.arrays[name].ravel() for name in self.trained()])

    def at(self, theta):
        """The same network with other trained weights."""
        arrays, start = dict(self.arrays), 0
        for name in self.trained():
            size = arrays[name].size
            arrays[name] = theta[start : start + size].reshape(arrays[name].shape)
            start += size
        return Case(self.network, arrays)

    def residual(self):
        return (forward(self.network, self.arrays) - self.arrays[self.network["targets"]]).ravel()

    def jacobian(self):
        """By complex steps: no cancellation, every digit."""
        theta = self.theta()
        columns = []
        for j in range(theta.size):
            moved = theta.astype(complex)
            moved[j] += 1e-30j
            columns.append(self.at(moved).residual().imag / 1e-30)
        return np.stack(columns, 1)

    def polished(self, steps=12):
        """After Gauss-Newton steps of least norm."""
        case = self
        for _ in range(steps):
            if np.linalg.norm(case.residual()) < 1e-13:
                break
            step = np.linalg.lstsq(case.jacobian(), case.residual(), rcond=None)[0]
            scale = min(1.0, 1.0 / np.linalg.norm(step))
            case = case.at(case.theta() - scale * step)
        return case

    def fitted(self, residual, seed=0):
        """With targets at this distance from the outputs, so that nothing has to be trained."""
        outputs = forward(self.network, self.arrays)
        away = np.random.default_rng(seed).normal(size=outputs.shape)
        targets = outputs - residual / np.linalg.norm(away) * away
        return Case(self.network, self.arrays | {self.network["targets"]: targets})

    def save(self, folder, statement, claims=None, scale=0.5):
        """Writes the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        described = {
            name: {
                "sha256": hashlib.sha256(np.ascontiguousarray(a, "<f8").tobytes()).hexdigest(),
                "shape": list(a.shape),
                "dtype": "float64",
            }
            for name, a in self.arrays.items()
        }
        spec = {
            "format": "surefit-certificate",
            "version": 1,
            "statement": statement,
            "loss": {"kind": "squared", "scale": scale},
            "network": self.network,
            "arrays": described,
            "claims": claims or {},
        }
        (folder / "certificate.json").write_text(json.dumps(hexed(spec), indent=1))
        np.savez(folder / "arrays.npz", **self.arrays)
        return folder


def case(layers, shapes, x, outputs=1, seed=0, offset=None, std=1.0):
    """A network of these layers with Gaussian weights, on these inputs, with random targets."""
    rng = np.random.default_rng(seed)
    arrays = {"x": x, "y": rng.choice([-1.0, 1.0], size=(len(x), outputs))}
    arrays |= {name: std * rng.normal(size=shape) for name, shape in shapes.items()}
    network = {"inputs": "x", "targets": "y", "offset": None, "layers": layers}
    if offset is not None:
        network["offset"], arrays["offset"] = "offset", offset
    return Case(network, arrays)


def sphere(n, d, seed=1):
    """Inputs of unit norm."""
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def two_layer(n=12, d=5, m=20, activation="tanh", outputs=1, seed=0, factor=2.0):
    layers = [dense("w1", factor, activation), dense("w2", 1 / math.sqrt(m), "identity")]
    return case(layers, {"w1": (m, d), "w2": (outputs, m)}, sphere(n, d), outputs, seed)


def deep(n=8, d=5, m=14, activation="relu", seed=0, outputs=1):
    s = math.sqrt(2 / m)
    layers = [
        dense("w1", 1.0, activation),
        dense("w2", s, activation),
        dense("w3", s, activation),
        dense("w4", 1 / math.sqrt(m), "identity"),
    ]
    shapes = {"w1": (m, d), "w2": (m, m), "w3": (m, m), "w4": (outputs, m)}
    return case(layers, shapes, sphere(n, d), outputs, seed)


def residual(n=8, d=5, m=14, seed=0):
    """Both kinds of skips, a bias, and an untrained first layer."""
    s = 1 / math.sqrt(m)
    layers = [
        dense("w1", 1.0, "tanh", trained=False),
        dense("w2", 0.25 * s, "tanh", skip_in=1.0),
        dense(
            "w3",
            s,
            "gelu",
            skip_out=1.0,
            gain=0.5,
            bias={"values": "b3", "factor": 0.3, "trained": True},
        ),
        dense("w4", s, "identity"),
    ]
    shapes = {"w1": (m, d), "w2": (m, m), "w3": (m, m), "b3": (m,), "w4": (1, m)}
    return case(layers, shapes, sphere(n, d), 1, seed)


def convolutional(n=4, seed=0, activation="tanh", shared=True, padding="same"):
    """Two convolutions, a pool, a dense layer."""
    x = np.random.default_rng(seed + 1).normal(size=(n, 4, 4, 1)) / 4
    bias = {"values": "b1", "factor": 0.2, "trained": True}
    layers = [
        conv("w1", 1.0, [3, 3], activation, shared=shared, padding=padding, bias=bias),
        conv("w2", 0.3, [2, 2], activation, strides=[2, 1], padding="valid"),
        {"type": "pool", "window": [1, 2], "strides": [1, 1], "padding": "circular"},
        {"type": "flatten"},
        dense("w3", 0.3, "identity"),
    ]
    first = () if shared else (16,)
    shapes = {"w1": (*first, 3, 9), "b1": (*first, 3), "w2": (2, 12), "w3": (1, 12)}
    return case(layers, shapes, x, 1, seed)


def equilibrium(n=5, d=4, m=10, activation="tanh", seed=0, keep=True):
    layers = [
        dense("w1", 1.0, "identity"),
        {
            "type": "equilibrium",
            "weights": "a",
            "factor": 0.2 / math.sqrt(m),
            "trained": True,
            "activation": {"name": activation},
            "keep_input": keep,
        },
        dense("w2", 1 / math.sqrt(m), "identity"),
    ]
    shapes = {"w1": (m, d), "a": (m, m), "w2": (1, m * (1 + keep))}
    return case(layers, shapes, sphere(n, d), 1, seed)


CASES = {
    "two layers": two_layer,
    "two layers, two outputs": lambda: two_layer(
        n=8, m=24, outputs=2, activation={"name": "softplus", "shifted": True}
    ),
    "two ReLU layers": lambda: two_layer(activation="relu"),
    "ReLU": deep,
    "deep tanh": lambda: deep(activation="tanh", outputs=2, n=5, m=10),
    "residual": residual,
    "convolution": convolutional,
    "circular convolution": lambda: convolutional(padding="circular"),
    "local convolution": lambda: convolutional(shared=False),
    "equilibrium": equilibrium,
    "ReLU equilibrium": lambda: equilibrium(activation="relu", keep=False),
}
