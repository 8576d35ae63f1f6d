"""Close pairs done again, from differences of their rows in float64."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

__all__ = ["half_squares", "replace_entries"]

CHUNK = 2**22  # numbers of differences that are held at once


def half_squares(
    x1: Float[np.ndarray, "n d"],
    x2: Float[np.ndarray, "m d"],
    pairs: Int[np.ndarray, "p 2"],
    sign: Float[np.ndarray, " p"] | float = 1.0,
) -> Float[np.ndarray, " p"]:
    r"""$\frac12|x_i \mp x_j|^2$ for pairs of rows, minus for the sign 1; 0 for equal rows.

    Cost: 3d operations per pair.
    """
    signs = np.broadcast_to(np.asarray(sign, np.float64), (len(pairs),))
    found = np.empty(len(pairs))
    step = max(1, CHUNK // max(1, x1.shape[1]))
    for begin in range(0, len(pairs), step):
        part = slice(begin, begin + step)
        apart = x1[pairs[part, 0]] - signs[part, None] * x2[pairs[part, 1]]
        found[part] = np.einsum("pd,pd->p", apart, apart) / 2
    return found


def replace_entries(
    matrices: tuple[Float[Array, "n m"], ...],
    pairs: Int[np.ndarray, "p 2"],
    values: tuple[Float[np.ndarray, " p"], ...],
    symmetric: bool,
) -> tuple[Float[Array, "n m"], ...]:
    """The matrices with some entries replaced, in place; their old buffers are gone."""
    if not len(pairs):
        return matrices
    if symmetric:
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
        values = tuple(np.concatenate([v, v]) for v in values)
    # Few lengths, so that few programs are compiled; the first entry fills up.
    length = max(64, 2 ** (len(pairs) - 1).bit_length())
    filled = np.concatenate([np.arange(len(pairs)), np.zeros(length - len(pairs), int)])
    places = jnp.asarray(pairs[filled].astype(np.int32))
    return tuple(
        _set(matrix, places, jnp.asarray(value[filled].astype(matrix.dtype)))
        for matrix, value in zip(matrices, values, strict=True)
    )


@functools.partial(jax.jit, donate_argnums=0)
def _set(
    matrix: Float[Array, "n m"], places: Int[Array, "p 2"], values: Float[Array, " p"]
) -> Float[Array, "n m"]:
    return matrix.at[places[:, 0], places[:, 1]].set(values)
