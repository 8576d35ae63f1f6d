"""The network of a certificate: its layers, its outputs, its tangent kernel."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from surefit_checker.activations import KNOWN, PARAMETERS, Activation, activation
from surefit_checker.ball import Array, Ball
from surefit_checker.equilibrium import Equilibrium
from surefit_checker.layers import Affine
from surefit_checker.reading import (
    Folder,
    anything,
    boolean,
    demand,
    one_of,
    option,
    positive,
    real,
    record,
    sizes,
    text,
)
from surefit_checker.windows import window_table

LIMIT = 2**26  # entries of any array that is made from those in the folder
RESIDUALS = 2**14


def _activation(spec: Any, where: str) -> Activation:
    name = spec.get("name") if isinstance(spec, dict) else None
    one_of(*KNOWN, *PARAMETERS)(name, f"{where}, its name,")
    given = vars(record(spec, where, name=text, **PARAMETERS.get(name, {})))
    del given["name"]
    return activation(name, given)


def _bias(spec: Any, where: str) -> SimpleNamespace:
    return record(spec, where, values=text, factor=real, trained=boolean)


# What a layer of a type is described by, besides the type.
WEIGHTS = {"weights": text, "factor": positive, "trained": boolean, "activation": _activation}
AFFINE = WEIGHTS | {
    "bias": option(_bias), "skip_in": real, "skip_out": real, "gain": positive
}  # fmt: skip
WINDOWS = {"window": sizes, "strides": sizes, "padding": one_of("valid", "same", "circular")}
LAYERS = {
    "dense": AFFINE,
    "conv": AFFINE | WINDOWS | {"shared": boolean},
    "pool": WINDOWS,
    "global_average": {},
    "flatten": {},
    "equilibrium": WEIGHTS | {"keep_input": boolean},
}


@dataclasses.dataclass
class Network:
    """Layers, evaluated at the saved weights.

    Args:
        layers: from the inputs to the outputs.
        outputs: minus offset, (samples, outputs).
        residual: outputs minus offset minus targets.
        make: from arrays to balls.
        gram: the tangent kernel, once it is computed.
    """

    layers: list[Affine | Equilibrium]
    outputs: Array
    residual: Array
    make: Callable
    gram: Array | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and outputs."""
        return self.residual.shape

    @property
    def parts(self) -> int:
        """The number of layers with trained weights."""
        return sum(layer.slot is not None for layer in self.layers)

    @property
    def moving(self) -> list[Affine | Equilibrium]:
        """The layers from the first trained one on."""
        return self.layers[[layer.slot for layer in self.layers].index(0) :]

    def kernel(self) -> Array:
        """The tangent kernel, by a sweep backwards."""
        if self.gram is None:
            (n, k), parts = self.shape, []
            c = self.make(np.broadcast_to(np.eye(k), (n, k, k)))
            for layer in reversed(self.moving):
                c = layer.backward(c)
                parts += [] if layer.slot is None else [layer.gram()]
            self.gram = sum(parts[1:], parts[0])
        return self.gram


def build(folder: Folder, make: Callable) -> Network:
    """The network of a folder, evaluated; `make` turns its arrays into balls of some precision."""
    spec = record(
        folder.spec.network, "network", inputs=text, targets=text, offset=option(text),
        layers=anything,
    )  # fmt: skip
    x, y = folder.array(spec.inputs), folder.array(spec.targets)
    fits = x.ndim >= 2 and y.ndim == 2 and len(x) == len(y)
    demand(fits, "inputs and targets must have one row per sample")
    fits = isinstance(spec.layers, list) and 1 <= len(spec.layers) <= 1000
    demand(fits, "`layers` must be a list of 1 to 1000 layers")
    demand(y.size <= RESIDUALS, f"{y.size} residuals are more than this checker takes")
    shape, layers, parts = x.shape[1:], [], 0
    h, dead = make(x.reshape(len(x), -1)), x.reshape(len(x), -1) == 0
    for number, one in enumerate(spec.layers, 1):
        layer, shape = _layer(folder, one, str(number), shape, parts, make)
        largest = math.prod(shape) * y.size
        if isinstance(layer, Affine) and layer.table is not None:
            jacobian = math.prod(layer.weights.shape) * y.size if layer.shared else 0
            largest = max(largest, layer.table.size * len(x), jacobian)
        demand(largest <= LIMIT, f"layer {number} is larger than this checker takes")
        if layer is not None:  # not of the same numbers in another shape
            h, dead = layer.forward(h, dead)
            layers.append(layer)
            parts += layer.slot is not None
    fits = (len(x), *shape) == y.shape
    demand(fits, f"the outputs have the shape {(len(x), *shape)}, the targets {y.shape}")
    demand(parts > 0, "no layer is trained")
    if spec.offset is not None:
        offset = folder.array(spec.offset)
        demand(offset.shape == y.shape, "the offset must have the shape of the targets")
        h = h - make(offset)
    return Network(layers, h, h - make(y), make)


def _layer(
    folder: Folder, spec: Any, name: str, shape: tuple[int, ...], parts: int, make: Callable
):
    """The layer, not yet evaluated, and the shape of what it makes of examples of a shape."""
    kind = spec.get("type") if isinstance(spec, dict) else None
    one_of(*LAYERS)(kind, f"layer {name}: `type`")
    given = record(spec, f"layer {name}", type=text, **LAYERS[kind])
    slot = parts if getattr(given, "trained", False) else None
    if kind == "flatten":
        return None, (math.prod(shape),)
    if kind == "global_average":
        positions = np.arange(math.prod(shape)).reshape(-1, shape[-1])
        return _mean(positions.T, name, make), (shape[-1],)
    if kind == "pool":
        table, output = window_table(shape, given.window, given.strides, given.padding)
        table = table.transpose(0, 2, 1)
        return _mean(table.reshape(-1, table.shape[2]), name, make), (*output, shape[-1])
    w = folder.array(given.weights)
    wrong = f"layer {name}: the weights have the shape {w.shape}"
    if kind == "equilibrium":
        demand(len(shape) == 1 and w.shape == (shape[0], shape[0]), wrong)
        output = ((1 + given.keep_input) * shape[0],)
        arguments = given.activation, given.factor, slot, given.keep_input
        return Equilibrium(name, Ball(w), *arguments), output
    table, output, width, first = None, (), shape[0], ()
    if kind == "conv":
        table, output = window_table(shape, given.window, given.strides, given.padding)
        table = table.reshape(len(table), -1)
        width, first = table.shape[1], () if given.shared else (len(table),)
    else:
        demand(len(shape) == 1, f"layer {name}: a dense layer needs vectors, flatten first")
    demand(w.ndim == len(first) + 2 and w.shape[:-2] == first and w.shape[-1] == width, wrong)
    output, bias = (*output, w.shape[-2]), None
    if given.bias is not None:
        values = folder.array(given.bias.values)
        fits = values.shape == w.shape[:-1] and (given.trained or not given.bias.trained)
        demand(fits, f"layer {name}: the bias does not fit the weights")
        bias = make(values.reshape(-1, w.shape[-2])), given.bias.factor
    fits = math.prod(output) == math.prod(shape) or not (given.skip_in or given.skip_out)
    demand(fits, f"layer {name}: a skip needs as many features out as in")
    layer = Affine(
        name=name,
        weights=make(w.reshape(-1, *w.shape[-2:])),
        activation=given.activation,
        table=table,
        factor=given.factor,
        bias=bias,
        bias_trained=bias is not None and given.bias.trained,
        alpha=given.skip_in,
        beta=given.skip_out,
        gain=given.gain,
        slot=slot,
    )
    return layer, output


def _mean(table: np.ndarray, name: str, make: Callable) -> Affine:
    """Means over the rows of a table of indices."""
    members = table.shape[1]
    return Affine(
        name, make(np.ones((1, 1, members))).map(lambda x: x / members), KNOWN["identity"], table
    )
