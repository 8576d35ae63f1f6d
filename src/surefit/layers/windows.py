"""Windows that slide over the positions of images: sizes, patches and sums."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import operator
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Shape
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["Padding", "Sizes", "Windows", "require_windows", "windows_over"]

Padding = Literal["same", "valid", "circular"]
Sizes = int | tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows over positions of `space`, one per position of `output`.

    `same` and `circular` have an output position per stride; beyond the border lie zeros, or the
    opposite border. `valid` windows lie inside.

    Args:
        space: positions of the input along every axis.
        sizes: positions that a window covers along every axis.
        strides: distance of neighbouring windows along every axis.
        padding: what lies beyond the border.
    """

    space: Shape
    sizes: Shape
    strides: Shape
    padding: Padding

    @property
    def count(self) -> int:
        """$q$, the number of positions of a window."""
        return math.prod(self.sizes)

    @property
    def output(self) -> Shape:
        """The number of windows along every axis."""
        if self.padding == "valid":
            return tuple(
                (n - w) // s + 1
                for n, w, s in zip(self.space, self.sizes, self.strides, strict=True)
            )
        return tuple(-(-n // s) for n, s in zip(self.space, self.strides, strict=True))

    def pads(self, axis: int) -> tuple[int, int]:
        """How much lies before and behind the border along an axis of `space`."""
        if self.padding == "valid":
            return 0, 0
        n, w, s = self.space[axis], self.sizes[axis], self.strides[axis]
        total = max((self.output[axis] - 1) * s + w - n, 0)
        # Windows of stride 1 have their middle at their own position.
        return total // 2, total - total // 2

    def shifted(
        self, v: Float[Array, "..."], axes: tuple[int, ...], axis: int
    ) -> list[Float[Array, "..."]]:
        """For every offset in a window: what all windows see there, moving along `axes` at once."""
        pads = [(0, 0)] * v.ndim
        for along in axes:
            pads[along] = self.pads(axis)
        v = jnp.pad(v, pads, mode="wrap" if self.padding == "circular" else "constant")
        reach = (self.output[axis] - 1) * self.strides[axis] + 1
        found = []
        for offset in range(self.sizes[axis]):
            part = v
            for along in axes:
                part = jax.lax.slice_in_dim(part, offset, offset + reach, self.strides[axis], along)
            found.append(part)
        return found

    def mean(self, v: Float[Array, "..."], *firsts: int) -> Float[Array, "..."]:
        r"""$\frac1q\sum_\delta v[\dots, sp+\delta, \dots, sp'+\delta, \dots]$, zeros counted.

        The sum over a window is one along each of its axes, one after the other.

        Args:
            v: any array.
            firsts: where the axes of `space` begin; blocks of axes named together share the offset.
        """
        return _mean(self, v, firsts)

    def patches(self, x: Float[Array, "n ..."]) -> Float[Array, "n p qc"]:
        """What every window sees: (n, windows, positions in a window x channels)."""
        return _patches(self, x)


# Compiled as a whole, because each is many small operations.
@functools.partial(jax.jit, static_argnums=(0, 2))
def _mean(windows: Windows, v: Float[Array, "..."], firsts: Shape) -> Float[Array, "..."]:
    for axis in range(len(windows.space)):
        parts = windows.shifted(v, tuple(first + axis for first in firsts), axis)
        v = functools.reduce(operator.add, parts) / windows.sizes[axis]
    return v


@functools.partial(jax.jit, static_argnums=0)
def _patches(windows: Windows, x: Float[Array, "n ..."]) -> Float[Array, "n p qc"]:
    parts = [x]
    for axis in range(len(windows.space)):
        parts = [piece for part in parts for piece in windows.shifted(part, (1 + axis,), axis)]
    shape = x.shape[0], math.prod(windows.output), windows.count * x.shape[-1]
    return jnp.stack(parts, axis=-2).reshape(shape)


def windows_over(
    name: str, input_shape: Shape, window: Sizes, strides: Sizes, padding: Padding
) -> Windows:
    """The windows of a layer on examples of shape (*space, channels).

    Raises:
        InvalidInputError: no positions, not one number per axis, or no room for a window.
    """
    rank = len(input_shape) - 1
    if rank < 1:
        raise InvalidInputError(
            f"`{name}` must be given examples with positions and channels. Got examples of shape "
            f"{input_shape}. A window moves over positions: sequences have the shape (length, "
            "channels), images (height, width, channels). Add an axis of one channel, or use "
            "`Dense` on vectors."
        )
    space = input_shape[:-1]
    sizes, steps = (
        (value,) * rank if isinstance(value, int) else value for value in (window, strides)
    )
    if len(sizes) != rank or len(steps) != rank:
        raise InvalidInputError(
            f"`{name}(window=..., strides=...)` must have one number per axis of positions. Got "
            f"{window} and {strides} for examples of shape {input_shape}, which have {rank}. The "
            "last axis holds the channels. One number stands for all axes."
        )
    if padding == "valid" and any(w > n for w, n in zip(sizes, space, strict=True)):
        raise InvalidInputError(
            f"`{name}(window=...)` must fit into the example. Got a window of {sizes} on examples "
            f"of shape {input_shape}. Without padding no window lies inside. Write a smaller "
            "window, or padding='same'."
        )
    return Windows(space, sizes, steps, padding)


def require_windows(name: str, window: Sizes, strides: Sizes, padding: str) -> None:
    """Refuse sizes below 1 and unknown paddings.

    Raises:
        InvalidInputError: a size or a stride below 1.
        UnknownNameError: no such padding.
    """
    numbers = itertools.chain.from_iterable(
        (value,) if isinstance(value, int) else value for value in (window, strides)
    )
    if any(number < 1 for number in numbers):
        raise InvalidInputError(
            f"`{name}(window=..., strides=...)` must be at least 1. Got {window} and {strides}. A "
            "window covers positions, and the next one lies further on. Write window=3, strides=1."
        )
    if padding not in Padding.__args__:
        raise UnknownNameError(f"`{name}(padding=...)`", padding, Padding.__args__)
