"""Axes of positions in arrays of covariances: diagonals, and variances that broadcast.

Covariances between two images have one axis per pair of equal positions, or, with `cross`, one per
position of the first and then one per position of the second. Vectors are images without axes.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["as_columns", "as_rows", "own_positions", "with_own_positions"]

Space = tuple[int, ...]


def own_positions(v: Float[Array, "n ..."], space: Space) -> Float[Array, "n ..."]:
    """The covariances of every position with itself, from those of all pairs of positions."""
    count = math.prod(space)
    pairs = v.reshape(v.shape[0], count, count)
    return jnp.diagonal(pairs, axis1=1, axis2=2).reshape(v.shape[0], *space)


def with_own_positions(
    v: Float[Array, "n ..."], space: Space, own: Float[Array, "n ..."]
) -> Float[Array, "n ..."]:
    """All pairs of positions, with `own` for every position with itself."""
    count, each = math.prod(space), jnp.arange(math.prod(space))
    pairs = v.reshape(v.shape[0], count, count)
    return pairs.at[:, each, each].set(own.reshape(v.shape[0], count)).reshape(v.shape)


def as_rows(v: Float[Array, "n ..."], space: Space, cross: bool) -> Float[Array, "n 1 ..."]:
    """Variances (n, *space) of a first batch, to broadcast against covariances of two batches."""
    last = (1,) * len(space) if cross else ()
    return v.reshape(v.shape[0], 1, *space, *last)


def as_columns(v: Float[Array, "n ..."], space: Space, cross: bool) -> Float[Array, "1 n ..."]:
    """Variances (n, *space) of a second batch, to broadcast against covariances of two batches."""
    first = (1,) * len(space) if cross else ()
    return v.reshape(1, v.shape[0], *first, *space)
