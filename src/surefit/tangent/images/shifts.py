r"""Covariances of two images at positions that lie a shift apart, as images.

The image of shift $d$ holds $\Sigma_{p,\,p+d}$ at every position $p$ of the first image. Where
$p + d$ leaves the second image there are two ways. On the *ring* it enters again at the opposite
border: then the image of shift $d \in \{0, \dots, H-1\}$ along an axis of $H$ positions holds the
pairs at a distance of $d$ and those at a distance of $d - H$, with a wall between them that no
window crosses; each of the $H$ images is full, and together they are all pairs. Off the ring
shifts are $d \in \{1-H, \dots, H-1\}$, and positions without a partner are set to zero.

A shift is None where it is zero and known to be, or one integer per axis.
"""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from surefit.core.layer import Shape
from surefit.layers.windows import Windows

__all__ = ["Reached", "Shift", "all_shifts", "beneath", "partners", "seen"]

Shift: TypeAlias = tuple[Int[Array, ""], ...] | None


def all_shifts(space: Shape, ring: bool) -> tuple[Shape, Shape]:
    """How many shifts there are along every axis, and the first ones."""
    if ring:
        return space, (0,) * len(space)
    return tuple(2 * n - 1 for n in space), tuple(1 - n for n in space)


class Reached:
    """Images (..., *space, b), ready to be looked at from any shift.

    Args:
        images: the images.
        space: their axes of positions.
        ring: whether shifts are taken on the ring.
        shifted: whether there are shifts other than None.
    """

    def __init__(
        self, images: Float[Array, "..."], space: Shape, ring: bool, shifted: bool
    ) -> None:
        self._images, self._space, self._ring = images, space, ring
        # Continued beyond the borders once, as far as shifts reach.
        self._wide = _continued(images, space, ring) if shifted else images

    def at(self, shift: Shift) -> Float[Array, "..."]:
        """What every position sees at the shift."""
        if shift is None:
            return self._images
        shape = self._images.shape
        first = len(shape) - 1 - len(self._space)
        starts = [d if self._ring else d + (n - 1) for d, n in zip(shift, self._space, strict=True)]
        zero = jnp.zeros_like(starts[0])
        return jax.lax.dynamic_slice(self._wide, [*[zero] * first, *starts, zero], shape)


def _continued(v: Float[Array, "..."], space: Shape, ring: bool) -> Float[Array, "..."]:
    first = v.ndim - 1 - len(space)
    for axis, n in enumerate(space):
        if ring:
            v = jnp.concatenate([v, v], first + axis)
        else:
            pads = [(0, 0)] * v.ndim
            pads[first + axis] = (n - 1, n - 1)
            v = jnp.pad(v, pads)
    return v


def beneath(windows: Windows, shift: Shift, between: Shift, ring: bool) -> Shift:
    """The shift of the input: that of windows at `shift`, and of positions inside both windows."""
    if between is None:
        if shift is None or all(s == 1 for s in windows.strides):
            return shift
        # On the ring strides divide its length, so that the product stays inside.
        return tuple(s * d for s, d in zip(windows.strides, shift, strict=True))
    base = [0] * len(between) if shift is None else beneath(windows, shift, None, ring)
    total = tuple(d + e for d, e in zip(base, between, strict=True))
    return tuple(d % n for d, n in zip(total, windows.space, strict=True)) if ring else total


def partners(shift: Shift, space: Shape, axis: int) -> Bool[Array, "n"]:
    """Off the ring: whether a position has a partner along an axis."""
    other = jnp.arange(space[axis], dtype=jnp.int32) + shift[axis]
    return (other >= 0) & (other < space[axis])


def seen(windows: Windows, shift: Shift, axis: int) -> Bool[Array, "w m"] | None:
    """On the ring: whether a window sees the position at an offset, on its side of the wall."""
    if shift is None or windows.padding == "circular":
        return None
    n, s, m = windows.space[axis], windows.strides[axis], windows.output[axis]
    window = jnp.arange(m, dtype=jnp.int32)
    offset = jnp.arange(windows.sizes[axis], dtype=jnp.int32) - windows.pads(axis)[0]
    at = s * window[None, :] + offset[:, None]
    return (at < n - s * shift[axis]) == (window < m - shift[axis])[None, :]
