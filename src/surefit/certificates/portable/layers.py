"""The layers of a chain as the certificate format has them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from surefit.activations import Activation
from surefit.certificates.portable.activations import IDENTITY, written_activation
from surefit.certificates.portable.parts import Part, flat_parts
from surefit.certificates.portable.unportable import Unportable
from surefit.layers import (
    AveragePool,
    Bias,
    Conv,
    Dense,
    Equilibrium,
    Flatten,
    GlobalAveragePool,
    Residual,
    Sum,
)
from surefit.layers.windows import Windows

__all__ = ["Writer"]

ZERO, ONE = (0.0).hex(), (1.0).hex()


@dataclasses.dataclass
class Writer:
    """Turns parts into entries of `network.layers`, collecting the arrays that they name.

    Args:
        shape: of one example in front of the next layer.
    """

    shape: tuple[int, ...]
    layers: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def write(self, parts: list[Part]) -> None:
        """All parts, in order.

        Raises:
            Unportable: the format has no words for one of them.
        """
        while parts:
            parts = self._next(parts)

    def _next(self, parts: list[Part]) -> list[Part]:
        layer = parts[0].layer
        before = self.shape
        if isinstance(layer, (Dense, Conv)):
            rest = self._affine(parts)
        elif isinstance(layer, Residual):
            rest = self._residual(parts)
        elif isinstance(layer, Equilibrium):
            self._equilibrium(parts[0], keep_input=False)
            rest = parts[1:]
        elif isinstance(layer, Sum):
            self._skip(parts[0])
            rest = parts[1:]
        else:
            self.layers.append(_plain(layer, before))
            rest = parts[1:]
        for part in parts[: len(parts) - len(rest)]:
            before = part.layer.output_shape(before)
        self.shape = before
        return rest

    def _array(self, name: str, values: Any) -> str:
        self.arrays[name] = np.asarray(values, np.float64)
        return name

    def _affine(self, parts: list[Part], skip_in: float = 0.0, scale: float = 1.0) -> list[Part]:
        """A dense layer or a convolution with the bias and the activation behind it."""
        part, rest = parts[0], parts[1:]
        layer = part.layer
        incoming = self.shape[-1]
        kind: dict[str, Any] = {"type": "dense"}
        if isinstance(layer, Conv):
            windows = layer.windows(self.shape)
            incoming *= windows.count
            kind = {
                "type": "conv",
                "shared": layer.shared,
                **_places(windows, layer.padding),
            }
        # A product of two factors is rounded; the rounded one defines the certified network.
        factor, _, bias_factor, _ = layer.scales(incoming)
        bias = None
        if layer.bias_std is not None:
            bias = {
                "values": self._array(f"{part.name}.b", part.params["b"]),
                "factor": float(scale * bias_factor).hex(),
                "trained": layer.trained,
            }
        if rest and isinstance(rest[0].layer, Bias):
            bias = self._bias(rest[0], layer, bias)
            rest = rest[1:]
        activation = IDENTITY
        if rest and isinstance(rest[0].layer, Activation):
            activation, rest = written_activation(rest[0].layer), rest[1:]
        self.layers.append(
            {
                **kind,
                "weights": self._array(f"{part.name}.w", part.params["w"]),
                "factor": float(scale * factor).hex(),
                "trained": layer.trained,
                "bias": bias,
                "skip_in": float(skip_in).hex(),
                "skip_out": ZERO,
                "gain": ONE,
                "activation": activation,
            }
        )
        return rest

    def _bias(self, part: Part, layer: Dense | Conv, own: Any) -> dict[str, Any]:
        values = np.asarray(part.params["b"], np.float64)
        if own is not None:
            raise Unportable("a layer with two biases")
        if part.layer.trained and not layer.trained:
            raise Unportable("trained biases behind fixed weights")
        if isinstance(layer, Conv) and layer.shared is not part.layer.shared:
            raise Unportable("biases per position behind shared weights, or the reverse")
        if isinstance(layer, Conv) and not layer.shared:
            values = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
        name = self._array(f"{part.name}.b", values)
        return {"values": name, "factor": ONE, "trained": part.layer.trained}

    def _residual(self, parts: list[Part]) -> list[Part]:
        part, rest = parts[0], parts[1:]
        tau = float(part.layer.scale)
        branch = flat_parts(part.child(part.layer.branch, part.params))
        if not isinstance(branch[0].layer, (Dense, Conv)):
            raise Unportable("a skip connection around something else than one linear layer")
        if len(branch) == 1:  # phi(h + tau W h)
            return self._affine([branch[0], *rest], skip_in=1.0, scale=tau)
        if self._affine(branch):  # h + tau phi(W h)
            raise Unportable("a skip connection around more than one linear layer")
        self.layers[-1] |= {"skip_out": ONE, "gain": tau.hex()}
        return rest

    def _equilibrium(self, part: Part, keep_input: bool) -> None:
        layer = part.layer
        self.layers.append(
            {
                "type": "equilibrium",
                "weights": self._array(f"{part.name}.w", part.params["w"]),
                "factor": float(layer.scales(layer.features)[0]).hex(),
                "trained": layer.trained,
                "activation": written_activation(layer.activation),
                "keep_input": keep_input,
            }
        )

    def _skip(self, part: Part) -> None:
        """An equilibrium whose state and input are both read by output weights."""
        branches = [
            flat_parts(part.child(branch, own, number))
            for number, (branch, own) in enumerate(
                zip(part.layer.branches, part.params, strict=True)
            )
        ]
        through = [branch for branch in branches if len(branch) == 2]
        direct = [branch for branch in branches if len(branch) == 1]
        ends = [branch[-1] for branch in (*through, *direct)]
        if not (
            len(through) == len(direct) == 1
            and isinstance(through[0][0].layer, Equilibrium)
            and all(isinstance(end.layer, Dense) and end.layer.bias_std is None for end in ends)
            and len({(end.layer.scales(self.shape[0])[0], end.layer.trained) for end in ends}) == 1
        ):
            raise Unportable("a sum of branches other than an equilibrium's state and its input")
        self._equilibrium(through[0][0], keep_input=True)
        w = np.concatenate([np.asarray(end.params["w"], np.float64) for end in ends], axis=1)
        self.layers.append(
            {
                "type": "dense",
                "weights": self._array(f"{part.name}.w", w),
                "factor": float(ends[0].layer.scales(self.shape[0])[0]).hex(),
                "trained": ends[0].layer.trained,
                "bias": None,
                "skip_in": ZERO,
                "skip_out": ZERO,
                "gain": ONE,
                "activation": IDENTITY,
            }
        )


def _plain(layer: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """A layer without parameters, on examples of `shape`."""
    if isinstance(layer, Flatten):
        return {"type": "flatten"}
    if isinstance(layer, GlobalAveragePool):
        return {"type": "global_average"}
    if isinstance(layer, AveragePool):
        return {"type": "pool", **_places(layer.windows(shape), layer.padding)}
    raise Unportable(f"the layer {type(layer).__name__} where it stands")


def _places(windows: Windows, padding: str) -> dict[str, Any]:
    return {
        "window": list(windows.sizes),
        "strides": list(windows.strides),
        "padding": padding,
    }
