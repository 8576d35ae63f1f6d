"""From a network and its weights to the list of operations that curvature bounds go through."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.core.precision import as_float64, float64
from surefit.curvature.activation import has_bounded_bend, has_kink
from surefit.curvature.nodes import (
    Data,
    Elementwise,
    FixedMap,
    Implicit,
    Shift,
    Total,
    Weights,
)
from surefit.curvature.recording import Trace, Untraceable
from surefit.layers import (
    Antisymmetric,
    AveragePool,
    Bias,
    Centred,
    Conv,
    Dense,
    Equilibrium,
    Flatten,
    GlobalAveragePool,
    Residual,
    Serial,
    Sum,
)
from surefit.problem import Problem

__all__ = ["Trace", "Untraceable", "trace"]


@float64
def trace(problem: Problem, params: Params) -> Trace:
    """Run the network once, recording its operations; the last one makes the output.

    Args:
        problem: network and data.
        params: the centre of the ball.

    Raises:
        Untraceable: a layer with or behind trained weights is none of those known here, or an
            activation has neither a bounded second derivative nor its only kink at 0.
    """
    params = as_float64(params)
    recording = Trace(_count(problem.network, params))
    start = recording.add(Data(np.asarray(problem.x), recording.groups), "the inputs")
    _run(problem.network, params, start, recording, "")
    return recording


def _count(layer: Layer, params: Params) -> int:
    # At least as many as there are groups: every group has a leaf of its own.
    return max(1, sum(map(bool, jax.tree.leaves(layer.trainable(params)))))


def _run(layer: Layer, params: Params, at: int, out: Trace, place: str) -> int:
    still = isinstance(out.nodes[at], Data)
    if still and not any(jax.tree.leaves(layer.trainable(params))):
        # Whatever it does, no trained parameter moves it.
        value = np.asarray(layer.apply(params, jnp.asarray(out.nodes[at].value)))
        return out.add(Data(value, out.groups), place)
    return _step(layer, params, at, out, place or type(layer).__name__)


@functools.singledispatch
def _step(layer: Layer, params: Params, at: int, out: Trace, place: str) -> int:
    raise Untraceable(type(layer).__name__)


def _apply(layer: Layer, params: Params, at: int, out: Trace) -> np.ndarray:
    return np.asarray(layer.apply(params, jnp.asarray(out.nodes[at].value)))


@_step.register
def _(layer: Dense, params: Params, at: int, out: Trace, place: str) -> int:
    return _weights(layer, params, at, out, place)


def _weights(layer: Dense | Conv, params: Params, at: int, out: Trace, place: str) -> int:
    seen, w = out.nodes[at].value, np.asarray(params["w"])
    scale, _, bias_scale, _ = layer.scales(seen.shape[-1])
    b = np.asarray(params["b"]) if layer.bias_std is not None else np.zeros(w.shape[:-1])
    shared = w.ndim == 2
    value = seen @ w.T if shared else np.einsum("npd,pfd->npf", seen, w)
    value = scale * value + (bias_scale * b).reshape(1, *(1,) * (seen.ndim - 1 - b.ndim), *b.shape)
    node = Weights(
        (at,),
        value,
        seen,
        w,
        scale,
        0.0 if layer.bias_std is None else bias_scale,
        out.group(place) if layer.trained else None,
    )
    return out.add(node, place)


@_step.register
def _(layer: Conv, params: Params, at: int, out: Trace, place: str) -> int:
    shape = out.nodes[at].value.shape[1:]
    patches = layer.windows(shape).patches
    at = _fixed(patches, at, out, f"the windows of {place}")
    at = _weights(layer, params, at, out, place)
    space = layer.output_shape(shape)
    return _fixed(lambda z: z.reshape(z.shape[0], *space), at, out, place)


@_step.register
def _(layer: AveragePool, params: Params, at: int, out: Trace, place: str) -> int:
    return _fixed(functools.partial(layer.apply, params), at, out, place)


@_step.register
def _(layer: GlobalAveragePool, params: Params, at: int, out: Trace, place: str) -> int:
    return _fixed(functools.partial(layer.apply, params), at, out, place)


@_step.register
def _(layer: Flatten, params: Params, at: int, out: Trace, place: str) -> int:
    return _fixed(functools.partial(layer.apply, params), at, out, place)


def _fixed(function: Any, at: int, out: Trace, place: str) -> int:
    before = out.nodes[at].value
    value = np.asarray(function(jnp.asarray(before)))
    return out.add(FixedMap((at,), value, function, before.shape[1:]), place)


@_step.register
def _(layer: Activation, params: Params, at: int, out: Trace, place: str) -> int:
    _require_tame(layer)
    z = out.nodes[at].value
    return out.add(Elementwise((at,), np.asarray(layer(jnp.asarray(z))), z, layer), place)


@_step.register
def _(layer: Bias, params: Params, at: int, out: Trace, place: str) -> int:
    value = _apply(layer, params, at, out)
    if not layer.trained:
        return out.add(Total((at,), value, (1.0,)), place)
    positions = math.prod(value.shape[1:]) // np.size(params["b"])
    return out.add(Shift((at,), value, out.group(place), positions), place)


@_step.register
def _(layer: Equilibrium, params: Params, at: int, out: Trace, place: str) -> int:
    _require_tame(layer.activation)
    if not math.isfinite(layer.activation.lipschitz):
        raise Untraceable(f"Equilibrium of {type(layer.activation).__name__}")
    h, w = _apply(layer, params, at, out), np.asarray(params["w"])
    scale = layer.scales(layer.features)[0]
    z = scale * (h @ w.T) + out.nodes[at].value
    group = out.group(place) if layer.trained else None
    return out.add(Implicit((at,), h, z, w, scale, layer.activation, group), place)


@_step.register
def _(layer: Serial, params: Params, at: int, out: Trace, place: str) -> int:
    for number, (child, own) in enumerate(zip(layer.layers, params, strict=True)):
        at = _run(child, own, at, out, _inside(place, child, number))
    return at


@_step.register
def _(layer: Sum, params: Params, at: int, out: Trace, place: str) -> int:
    ends = [
        _run(child, own, at, out, _inside(place, child, number))
        for number, (child, own) in enumerate(zip(layer.branches, params, strict=True))
    ]
    value = functools.reduce(np.add, [out.nodes[end].value for end in ends])
    return out.add(Total(tuple(ends), value, (1.0,) * len(ends)), place)


@_step.register
def _(layer: Residual, params: Params, at: int, out: Trace, place: str) -> int:
    end = _run(layer.branch, params, at, out, _inside(place, layer.branch, 0))
    value = out.nodes[at].value + layer.scale * out.nodes[end].value
    return out.add(Total((at, end), value, (1.0, float(layer.scale))), place)


@_step.register
def _(layer: Antisymmetric, params: Params, at: int, out: Trace, place: str) -> int:
    return _run(layer.network, params, at, out, place)


@_step.register
def _(layer: Centred, params: Params, at: int, out: Trace, place: str) -> int:
    # The anchor's output is a constant: it bends nothing.
    return _run(layer.network, params["network"], at, out, place)


def _inside(place: str, child: Layer, number: int) -> str:
    before = place if "/" in place or place[-1:].isdigit() else ""
    return f"{before}/{type(child).__name__} {number}".lstrip("/")


def _require_tame(activation: Activation) -> None:
    if not (has_bounded_bend(activation) or has_kink(activation)):
        raise Untraceable(type(activation).__name__)
