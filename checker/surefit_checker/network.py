"""The network of a certificate: its layers, its outputs, its tangent kernel."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from surefit_checker.activations import Activation, activation
from surefit_checker.affine import Affine
from surefit_checker.average import Average
from surefit_checker.ball import Ball
from surefit_checker.equilibrium import Equilibrium
from surefit_checker.reading import Folder, boolean, fields, real, sizes, text
from surefit_checker.verdict import InvalidError
from surefit_checker.windows import window_table

AFFINE = [
    "type",
    "weights",
    "factor",
    "trained",
    "bias",
    "skip_in",
    "skip_out",
    "gain",
    "activation",
]
WINDOW = ["window", "strides", "padding"]
LIMIT = 2**26  # entries of any array that is made from those in the folder


@dataclasses.dataclass
class Network:
    """Layers, evaluated at the saved weights.

    Args:
        layers: from the inputs to the outputs.
        parts: number of layers with trained weights.
        residual: outputs minus offset minus targets, (samples, outputs).
        make: from arrays to balls.
        gram: the tangent kernel, once it is computed.
    """

    layers: list
    parts: int
    residual: Ball
    make: Callable
    gram: Ball | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and outputs."""
        return self.residual.shape

    def kernel(self) -> Ball:
        """The tangent kernel, by a sweep backwards."""
        if self.gram is not None:
            return self.gram
        n, k = self.shape
        c, total = self.make(np.broadcast_to(np.eye(k), (n, k, k))), None
        lowest = min(i for i, layer in enumerate(self.layers) if layer.slot is not None)
        for layer in reversed(self.layers[lowest:]):
            c = layer.backward(c)
            part = layer.gram()
            if part is not None:
                total = part if total is None else total + part
        self.lowest, self.gram = lowest, total
        return total


def build(folder: Folder, make: Callable) -> Network:
    """The network of a folder, evaluated; `make` turns its arrays into balls of some precision."""
    spec = fields(folder.spec["network"], ["inputs", "targets", "offset", "layers"], "network")
    x, y = folder.array(spec["inputs"]), folder.array(spec["targets"])
    if x.ndim < 2 or y.ndim != 2 or len(x) != len(y):
        raise InvalidError("inputs and targets must have one row per sample")
    if not isinstance(spec["layers"], list) or not 1 <= len(spec["layers"]) <= 1000:
        raise InvalidError("`layers` must be a list of 1 to 1000 layers")
    if y.size > 2**14:
        raise InvalidError(f"{y.size} residuals are more than this checker takes")
    h, dead = make(x), x == 0
    layers: list = []
    parts = 0
    for number, layer_spec in enumerate(spec["layers"], 1):
        layer = _layer(folder, layer_spec, str(number), h.shape[1:], parts, make)
        if _largest(layer, len(x), y.size) > LIMIT:
            raise InvalidError(f"layer {number} is larger than this checker takes")
        parts += layer.slot is not None
        h, dead = layer.forward(h, dead)
        layers.append(layer)
    if h.shape != y.shape:
        raise InvalidError(f"the outputs have the shape {h.shape}, the targets {y.shape}")
    if not parts:
        raise InvalidError("no layer is trained")
    residual = h - make(y)
    if spec["offset"] is not None:
        offset = folder.array(spec["offset"])
        if offset.shape != y.shape:
            raise InvalidError("the offset must have the shape of the targets")
        residual = residual - make(offset)
    return Network(layers, parts, residual, make)


def _largest(layer, samples: int, residuals: int) -> int:
    """The size of the largest array that a layer makes."""
    sizes = [math.prod(layer.output) * residuals]
    if not isinstance(layer, Equilibrium) and layer.table is not None:
        sizes.append(layer.table.size * samples)
        if isinstance(layer, Affine) and layer.shared:
            sizes.append(math.prod(layer.weights.shape) * residuals)  # the Jacobian itself
    return max(sizes)


def _layer(folder: Folder, spec, name: str, shape: tuple[int, ...], parts: int, make: Callable):
    kind = text(spec, "type")
    if kind == "flatten":
        fields(spec, ["type"], name)
        return Average(None, (math.prod(shape),))
    if kind == "global_average":
        fields(spec, ["type"], name)
        positions = np.arange(math.prod(shape)).reshape(-1, shape[-1])
        return Average(positions.T, (shape[-1],))
    if kind == "pool":
        fields(spec, ["type", *WINDOW], name)
        table, output = _windows(spec, shape)
        table = table.transpose(0, 2, 1)
        return Average(table.reshape(-1, table.shape[2]), (*output, shape[-1]))
    if kind == "equilibrium":
        fields(spec, ["type", "weights", "factor", "trained", "activation", "keep_input"], name)
        w = folder.array(spec["weights"])
        if len(shape) != 1 or w.shape != (shape[0], shape[0]):
            raise InvalidError(f"layer {name}: the weights have the shape {w.shape}")
        slot = parts if boolean(spec, "trained") else None
        factor, keep = _positive(spec, "factor"), boolean(spec, "keep_input")
        return Equilibrium(name, Ball(w), factor, _activation(spec["activation"]), slot, keep)
    if kind not in ("dense", "conv"):
        raise InvalidError(f"layer {name} has the unknown type {kind!r}")
    return _affine(folder, spec, name, shape, parts, make)


def _affine(
    folder: Folder, spec, name: str, shape: tuple[int, ...], parts: int, make: Callable
) -> Affine:
    table, windows, shared = None, (), True
    if spec["type"] == "conv":
        fields(spec, [*AFFINE, *WINDOW, "shared"], name)
        table, windows = _windows(spec, shape)
        table, shared = table.reshape(len(table), -1), boolean(spec, "shared")
        width = table.shape[1]
    else:
        fields(spec, AFFINE, name)
        if len(shape) != 1:
            raise InvalidError(f"layer {name}: a dense layer needs vectors, flatten first")
        width = shape[0]
    w = folder.array(spec["weights"])
    first = () if shared else (math.prod(windows),)
    if w.ndim != len(first) + 2 or w.shape[:-2] != first or w.shape[-1] != width:
        raise InvalidError(f"layer {name}: the weights have the shape {w.shape}")
    features = w.shape[-2]
    output = (*windows, features)
    trained, bias = boolean(spec, "trained"), None
    bias_trained = False
    if spec["bias"] is not None:
        given = fields(spec["bias"], ["values", "factor", "trained"], f"{name}, bias")
        values, bias_trained = folder.array(given["values"]), boolean(given, "trained")
        if values.shape != (*first, features) or (bias_trained and not trained):
            raise InvalidError(f"layer {name}: the bias does not fit the weights")
        bias = make(values.reshape(-1, features)), real(given, "factor")
    skips = real(spec, "skip_in"), real(spec, "skip_out")
    if any(skips) and math.prod(output) != math.prod(shape):
        raise InvalidError(f"layer {name}: a skip needs as many features out as in")
    return Affine(
        name=name,
        weights=make(w.reshape(-1, features, width)),
        table=table,
        shared=shared,
        factor=_positive(spec, "factor"),
        bias=bias,
        bias_trained=bias_trained,
        alpha=skips[0],
        beta=skips[1],
        gain=_positive(spec, "gain"),
        activation=_activation(spec["activation"]),
        slot=parts if trained else None,
        output=output,
    )


def _windows(spec, shape: tuple[int, ...]):
    if spec["padding"] not in ("valid", "same", "circular"):
        raise InvalidError(f"unknown padding {spec['padding']!r}")
    return window_table(shape, sizes(spec, "window"), sizes(spec, "strides"), spec["padding"])


def _positive(spec, key: str) -> float:
    value = real(spec, key)
    if not value > 0:
        raise InvalidError(f"`{key}` must be positive, got {value}")
    return value


def _activation(spec) -> Activation:
    name = text(spec, "name")
    others = [key for key in spec if key != "name"]
    return activation(
        name,
        {key: boolean(spec, key) if key == "shifted" else real(spec, key) for key in others},
    )
