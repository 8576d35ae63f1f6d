"""Close pairs done again, from differences of their rows in float64."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

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
    matrix: Float[np.ndarray, "n m"],
    pairs: Int[np.ndarray, "p 2"],
    values: Float[np.ndarray, " p"],
    symmetric: bool,
) -> None:
    """Replace some entries in place, of a symmetric matrix also those across the diagonal."""
    matrix[pairs[:, 0], pairs[:, 1]] = values
    if symmetric:
        matrix[pairs[:, 1], pairs[:, 0]] = values
