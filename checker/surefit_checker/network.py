"""The network of a certificate: its layers, its outputs, its tangent kernel."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from surefit_checker.activations import KNOWN, activation
from surefit_checker.ball import Array, Ball
from surefit_checker.equilibrium import Equilibrium
from surefit_checker.layers import Affine
from surefit_checker.reading import Folder
from surefit_checker.schema import demand
from surefit_checker.windows import window_table

LIMIT = 2**26  # entries of any array that is made from those in the folder
RESIDUALS = 2**14
PLAIN = SimpleNamespace(factor=1.0, skip_in=0.0, skip_out=0.0, gain=1.0, bias=None)


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
            n, k = self.shape
            c = self.make(np.broadcast_to(np.eye(k), (n, k, k)))
            for layer in reversed(self.moving):
                c = layer.backward(c)
                if layer.slot is not None:
                    own = layer.own_kernel()
                    self.gram = own if self.gram is None else self.gram + own
        return self.gram


def build(folder: Folder, make: Callable) -> Network:
    """The network of a folder, evaluated; `make` turns its arrays into balls of some precision."""
    spec = folder.spec.network
    x, y = folder.array(spec.inputs), folder.array(spec.targets)
    fits = x.ndim >= 2 and y.ndim == 2 and len(x) == len(y)
    demand(fits, "inputs and targets must have one row per sample")
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
    folder: Folder, spec: SimpleNamespace, name: str, shape: tuple, parts: int, make: Callable
):
    """The layer, not yet evaluated, and the shape of what it makes of examples of a shape."""
    table, output, first, kind = None, (), (), spec.type
    if kind == "flatten":
        return None, (math.prod(shape),)
    if kind == "global_average":
        positions = np.arange(math.prod(shape)).reshape(-1, shape[-1])
        return _mean(positions.T, name, make), (shape[-1],)
    if kind in ("conv", "pool"):
        table, output = window_table(shape, spec.window, spec.strides, spec.padding)
        if kind == "pool":
            table = table.transpose(0, 2, 1)
            return _mean(table.reshape(-1, table.shape[2]), name, make), (*output, shape[-1])
        table, first = table.reshape(len(table), -1), () if spec.shared else (len(table),)
    else:
        demand(len(shape) == 1, f"layer {name}: {kind} layers need vectors, flatten first")
    w, slot = folder.array(spec.weights), parts if spec.trained else None
    fits = w.ndim == len(first) + 2 and w.shape[:-2] == first
    fits = fits and w.shape[-1] == (shape[0] if table is None else table.shape[1])
    demand(fits, f"layer {name}: the weights have the shape {w.shape}")
    function, output = activation(spec.activation), (*output, w.shape[-2])
    if kind == "equilibrium":
        demand(output == shape, f"layer {name}: the weights have the shape {w.shape}")
        own = Equilibrium(name, Ball(w), function, spec.factor, slot, spec.keep_input)
        return own, ((1 + spec.keep_input) * shape[0],)
    bias = None
    if spec.bias is not None:
        values = folder.array(spec.bias.values)
        fits = values.shape == w.shape[:-1] and (spec.trained or not spec.bias.trained)
        demand(fits, f"layer {name}: the bias does not fit the weights")
        bias = make(values.reshape(-1, w.shape[-2]))
    fits = math.prod(output) == math.prod(shape) or not (spec.skip_in or spec.skip_out)
    demand(fits, f"layer {name}: a skip needs as many features out as in")
    weights = make(w.reshape(-1, *w.shape[-2:]))
    return Affine(name, spec, weights, bias, function, table, slot), output


def _mean(table: np.ndarray, name: str, make: Callable) -> Affine:
    """Means over the rows of a table of indices."""
    members = table.shape[1]
    weights = make(np.ones((1, 1, members))).map(lambda x: x / members)
    return Affine(name, PLAIN, weights, None, KNOWN["identity"], table, None)
