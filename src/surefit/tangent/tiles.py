"""Matrices filled tile by tile inside one compiled loop, in place; symmetric ones by a triangle."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

__all__ = ["below", "block", "fill", "found_in", "starts"]

Tile = Float[Array, "a b"]


def starts(n1: int, n2: int, size: int, symmetric: bool) -> tuple[Int[np.ndarray, "t 2"], int, int]:
    """First rows and columns of the tiles that cover a matrix, and the shape of all of them.

    The last tiles overlap the ones before, so that all have one shape. Of a symmetric matrix those
    that reach the lower triangle.
    """
    (rows, height), (columns, width) = (_axis(n, size) for n in (n1, n2))
    pairs = [(i, j) for i in rows for j in columns if not symmetric or j <= i]
    return np.array(pairs, np.int32).reshape(-1, 2), height, width


def below(i: Array | int, j: Array | int, height: int, width: int) -> Bool[Array, "a b"]:
    """Where a tile is strictly below the diagonal of its matrix."""
    return _count(i, height)[:, None] > _count(j, width)[None, :]


def _count(start: Array | int, size: int) -> Int[Array, " a"]:
    return start + jnp.arange(size, dtype=jnp.int32)


def block(v: Float[Array, "n ..."], start: Array, size: int) -> Float[Array, "a ..."]:
    """Some consecutive entries."""
    return jax.lax.dynamic_slice_in_dim(v, start, size)


def found_in(
    tiles: tuple[Int[np.ndarray, "t 2"], int, int],
    marks: Bool[np.ndarray, " t"],
    masks: Callable[[np.int32, np.int32], tuple[Bool[Array, "a b"], Bool[Array, "a b"]]],
) -> tuple[Int[np.ndarray, "p 2"], Bool[np.ndarray, " p"]]:
    """The entries that the first mask of marked tiles names, and their value in the second."""
    found, flags = [np.zeros((0, 2), int)], [np.zeros(0, bool)]
    for i, j in tiles[0][marks]:
        chosen, flag = masks(i, j)
        inside = np.argwhere(np.asarray(chosen))
        found.append(inside + np.array([i, j]))
        flags.append(np.asarray(flag)[inside[:, 0], inside[:, 1]])
    # Tiles overlap.
    pairs, first = np.unique(np.concatenate(found), axis=0, return_index=True)
    return pairs, np.concatenate(flags)[first]


def _axis(n: int, size: int) -> tuple[list[int], int]:
    count = max(1, math.ceil(n / size))
    length = math.ceil(n / count)
    return [min(k * length, n - length) for k in range(count)], length


def fill(
    tile: Callable[[Array, Array], tuple[tuple[Tile, ...], Bool[Array, ""]]],
    shape: tuple[int, int],
    tiles: tuple[Int[Array, "t 2"], int, int],
    symmetric: bool,
    count: int,
    dtype: np.dtype,
) -> tuple[tuple[Float[Array, "n1 n2"], ...], Bool[Array, " t"]]:
    """`count` matrices of one shape, to be called inside compiled code.

    Args:
        tile: from the first row and the first column of a tile to its values, one array for each
            matrix, and a mark.
        shape: of the matrices.
        tiles: what `starts` said, places as a JAX array.
        symmetric: whether every tile is mirrored; entries come from the lower triangle.
        count: how many matrices.
        dtype: of the matrices.

    Returns:
        The matrices, and the mark of every tile.
    """
    where, height, width = tiles

    def step(t: Array, carry: tuple) -> tuple:
        matrices, marks = carry
        i, j = where[t, 0], where[t, 1]
        values, mark = tile(i, j)
        if symmetric:
            lower = _count(i, height)[:, None] >= _count(j, width)[None, :]
            matrices = tuple(
                _mirrored(matrix, value, lower, i, j)
                for matrix, value in zip(matrices, values, strict=True)
            )
        else:
            matrices = tuple(
                jax.lax.dynamic_update_slice(matrix, value, (i, j))
                for matrix, value in zip(matrices, values, strict=True)
            )
        return matrices, marks.at[t].set(mark)

    empty = tuple(jnp.zeros(shape, dtype) for _ in range(count))
    marks = jnp.zeros(where.shape[0], bool)
    return jax.lax.fori_loop(0, where.shape[0], step, (empty, marks))


def _mirrored(
    matrix: Float[Array, "n n"], value: Tile, lower: Bool[Array, "a b"], i: Array, j: Array
) -> Float[Array, "n n"]:
    """The lower part of a tile, and the same in the upper triangle, equal bit by bit."""
    for part, mask, place in ((value, lower, (i, j)), (value.T, lower.T, (j, i))):
        before = jax.lax.dynamic_slice(matrix, place, part.shape)
        matrix = jax.lax.dynamic_update_slice(matrix, jnp.where(mask, part, before), place)
    return matrix
