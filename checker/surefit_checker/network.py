"""The network of a certificate: its layers, its outputs, its tangent kernel."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from surefit_checker.ball import LIMIT, Array
from surefit_checker.layers.convolution import Convolution, global_average, pool
from surefit_checker.layers.dense import Dense
from surefit_checker.layers.equilibrium import Equilibrium
from surefit_checker.reading import Folder
from surefit_checker.verdict import demand

RESIDUALS = 2**14
# What makes a layer from its specification. Flattening makes none.
KINDS = {
    "dense": Dense,
    "conv": Convolution,
    "pool": pool,
    "global_average": global_average,
    "equilibrium": Equilibrium,
}


class Network:
    """Layers, evaluated at the saved weights.

    It has all `layers`, and `moving` ones: from the first trained one on; the number of `parts` of
    a direction; `outputs` minus offset, and the `residual`, of the shape (samples, outputs).

    Args:
        folder: with the description and the arrays.
        make: turns arrays into balls of some precision.
    """

    def __init__(self, folder: Folder, make: Callable) -> None:
        spec, self.make, self.gram = folder.spec.network, make, None
        x, y = folder.array(spec.inputs), folder.array(spec.targets)
        fits = x.ndim >= 2 and y.ndim == 2 and len(x) == len(y)
        demand(fits, "inputs and targets must have one row per sample")
        demand(y.size <= RESIDUALS, f"{y.size} residuals are more than this checker takes")
        shape, flat, self.shape = x.shape[1:], x.reshape(len(x), -1), y.shape
        self.layers, self.moving, self.parts, h, dead = [], [], 0, make(flat), flat == 0
        for name, one in enumerate(spec.layers, 1):
            if one.type == "flatten":  # of the same numbers in another shape
                shape = (math.prod(shape),)
                continue
            slot = self.parts if getattr(one, "trained", False) else None
            place = {"folder": folder, "make": make, "name": name, "shape": shape, "slot": slot}
            layer = KINDS[one.type](SimpleNamespace(**vars(one), **place))
            shape, self.parts = layer.shape, self.parts + (slot is not None)
            fits = math.prod(shape) * y.size <= LIMIT
            demand(fits, f"layer {name} is larger than this checker takes")
            h, dead = layer.forward(h, dead)
            self.layers.append(layer)
            self.moving += [layer] * (self.parts > 0)
        fits = (len(x), *shape) == y.shape
        demand(fits, f"the outputs have the shape {(len(x), *shape)}, the targets {y.shape}")
        demand(self.parts > 0, "no layer is trained")
        if spec.offset is not None:
            offset = folder.array(spec.offset)
            demand(offset.shape == y.shape, "the offset must have the shape of the targets")
            h = h - make(offset)
        self.outputs, self.residual = h, h - make(y)

    def kernel(self) -> Array:
        """The tangent kernel, by a sweep backwards."""
        if self.gram is None:
            c = self.make(np.tile(np.eye(self.shape[1]), (self.shape[0], 1, 1)))
            for layer in reversed(self.moving):
                c = layer.backward(c)
                if layer.slot is not None:
                    own = layer.own_kernel()
                    self.gram = own if self.gram is None else self.gram + own
        return self.gram
