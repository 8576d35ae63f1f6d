r"""Runs a network while recording what its parameters see: inputs, and taps behind them.

For a dense layer $z_i = a W h_i$, the gradient of an output with respect to $W$ is the outer
product of the backpropagated gradient at $z_i$ and of $h_i$. Gram matrices of such gradients need
only both factors, never the gradients themselves. The weights of an equilibrium $h = \phi(aWh + x)$
are such a layer too: it sees its own state $h$, and its tap is added to $x$. A convolution is one
at every position: it sees patches.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import jax
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.layers import (
    Antisymmetric,
    Centred,
    Conv,
    Dense,
    Equilibrium,
    Residual,
    Serial,
    Sum,
)

__all__ = ["Recorder", "factorises"]


class Recorder:
    """Adds a tap behind every layer of weights and keeps what flows in.

    Args:
        taps: arrays to add, one per layer of weights in the order of evaluation; None: add nothing.
    """

    def __init__(self, taps: list[Float[Array, "n ..."]] | None = None) -> None:
        self.taps = taps
        self.layers: list[tuple[Dense | Equilibrium | Conv, Params]] = []
        self.inputs: list[Float[Array, "n ..."]] = []
        self.shapes: list[jax.ShapeDtypeStruct] = []

    def dense(self, layer: Dense, params: Params, x: Float[Array, "n _"]) -> Float[Array, "n _"]:
        """Apply a dense layer, recording its inputs."""
        return self._tapped(layer, params, x, layer.apply(params, x))

    def conv(self, layer: Conv, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """Apply a convolution, recording its patches."""
        patches = layer.windows(x.shape[1:]).patches(x)
        return self._tapped(layer, params, patches, layer.apply(params, x))

    def equilibrium(
        self, layer: Equilibrium, params: Params, x: Float[Array, "n _"]
    ) -> Float[Array, "n _"]:
        """Apply an equilibrium, recording its state, which is what its weights see."""
        tap = 0.0 if self.taps is None else self.taps[len(self.layers)]
        h = layer.apply(params, x + tap)
        self.layers.append((layer, params))
        self.inputs.append(h)
        self.shapes.append(jax.ShapeDtypeStruct(x.shape, x.dtype))
        return h

    def _tapped(
        self, layer: Dense | Conv, params: Params, seen: Array, z: Float[Array, "n ..."]
    ) -> Float[Array, "n ..."]:
        position = len(self.layers)
        self.layers.append((layer, params))
        self.inputs.append(seen)
        self.shapes.append(jax.ShapeDtypeStruct(z.shape, z.dtype))
        return z if self.taps is None else z + self.taps[position]

    def names(self, params: Params) -> list[str]:
        """Where the parameters of every recorded layer lie in those of the network."""
        own = {id(found) for _, found in self.layers}
        places, _ = jax.tree_util.tree_flatten_with_path(params, is_leaf=lambda v: id(v) in own)
        known = {
            id(found): jax.tree_util.keystr(path, simple=True, separator="/")
            for path, found in places
        }
        return [known.get(id(found), "") for _, found in self.layers]

    def run(self, layer: Layer, params: Params, x: Any) -> Any:
        """Apply any network that `factorises`."""
        return _run(layer, params, x, self)


@functools.singledispatch
def _run(layer: Layer, params: Params, x: Any, recorder: Recorder) -> Any:
    return layer.apply(params, x)


@_run.register
def _(layer: Dense, params: Params, x: Any, recorder: Recorder) -> Any:
    return recorder.dense(layer, params, x)


@_run.register
def _(layer: Conv, params: Params, x: Any, recorder: Recorder) -> Any:
    return recorder.conv(layer, params, x)


@_run.register
def _(layer: Equilibrium, params: Params, x: Any, recorder: Recorder) -> Any:
    return recorder.equilibrium(layer, params, x)


@_run.register
def _(layer: Sum, params: Params, x: Any, recorder: Recorder) -> Any:
    outputs = [
        _run(branch, own, x, recorder) for branch, own in zip(layer.branches, params, strict=True)
    ]
    return functools.reduce(operator.add, outputs)


@_run.register
def _(layer: Serial, params: Params, x: Any, recorder: Recorder) -> Any:
    for child, own in zip(layer.layers, params, strict=True):
        x = _run(child, own, x, recorder)
    return x


@_run.register
def _(layer: Residual, params: Params, x: Any, recorder: Recorder) -> Any:
    return x + layer.scale * _run(layer.branch, params, x, recorder)


@_run.register
def _(layer: Antisymmetric, params: Params, x: Any, recorder: Recorder) -> Any:
    return _run(layer.network, params, x, recorder)


@_run.register
def _(layer: Centred, params: Params, x: Any, recorder: Recorder) -> Any:
    # The anchor is never trained, so that it needs no taps.
    return _run(layer.network, params["network"], x, recorder) - layer.network.apply(
        params["anchor"], x
    )


def factorises(layer: Layer, params: Params) -> bool:
    """Whether every trained parameter sits in a layer of weights that `Recorder` can tap."""
    if isinstance(layer, Serial):
        return all(map(factorises, layer.layers, params))
    if isinstance(layer, Sum):
        return all(map(factorises, layer.branches, params))
    if isinstance(layer, Residual):
        return factorises(layer.branch, params)
    if isinstance(layer, Antisymmetric):
        return factorises(layer.network, params)
    if isinstance(layer, Centred):
        return factorises(layer.network, params["network"])
    weights = isinstance(layer, Dense | Equilibrium | Conv)
    return weights or not any(jax.tree.leaves(layer.trainable(params)))
