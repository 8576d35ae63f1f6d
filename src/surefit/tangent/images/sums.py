"""Sums over windows of images that lie side by side in the last axis."""

from __future__ import annotations

import functools
import operator

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.layers.windows import Windows

__all__ = ["axis_sum"]


def axis_sum(
    v: Float[Array, "..."],
    windows: Windows,
    axis: int,
    weights: Float[Array, "w m"] | None = None,
) -> Float[Array, "..."]:
    """Along one axis, the sum over every window of what lies inside the image.

    Windows that see the same offsets are taken together: in the middle all of them, at the borders
    one by one. So no border is ever filled with zeros, which costs more than the sums.

    Args:
        v: images (*space, b); earlier axes may be summed already.
        windows: where they lie.
        axis: which of the axes of `space`.
        weights: factors of every offset in every window; None: 1.
    """
    before, behind = windows.pads(axis)
    if windows.padding == "circular":
        n = v.shape[axis]
        parts = [jax.lax.slice_in_dim(v, n - before, n, axis=axis)] if before else []
        parts += [v]
        parts += [jax.lax.slice_in_dim(v, 0, behind, axis=axis)] if behind else []
        v, before = (jnp.concatenate(parts, axis) if len(parts) > 1 else v), 0
    length, s = v.shape[axis], windows.strides[axis]
    groups: list[tuple[int, int, tuple[int, ...]]] = []
    for window in range(windows.output[axis]):
        start = s * window - before
        offsets = tuple(o for o in range(windows.sizes[axis]) if 0 <= start + o < length)
        if groups and groups[-1][2] == offsets:
            groups[-1] = (groups[-1][0], window + 1, offsets)
        else:
            groups.append((window, window + 1, offsets))

    def term(first: int, last: int, offset: int) -> Float[Array, "..."]:
        start = s * first - before + offset
        stop = s * (last - 1) - before + offset + 1
        part = jax.lax.slice_in_dim(v, start, stop, s, axis)
        if weights is None:
            return part
        shape = [1] * v.ndim
        shape[axis] = last - first
        return part * weights[offset, first:last].reshape(shape)

    sums = [
        functools.reduce(operator.add, (term(first, last, o) for o in offsets))
        for first, last, offsets in groups
    ]
    return jnp.concatenate(sums, axis) if len(sums) > 1 else sums[0]
