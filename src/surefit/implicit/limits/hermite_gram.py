"""The rectified Gram matrix as a series of Hadamard powers."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.implicit.limits.unit_rows import unit_rows

__all__ = ["hermite_gram", "rectifier_coefficients"]

Matrix = Float[Array, "n n"] | Float[np.ndarray, "n n"]


def rectifier_coefficients(terms: int) -> Float[np.ndarray, " terms"]:
    r"""$\langle\sigma, h_k\rangle^2$ of the rectifier, $k <$ `terms`.

    $\frac1{2\pi}, \frac14, \frac1{4\pi}, 0, \ldots$; for even $k \ge 2$ it is
    $((k-3)!!)^2/(2\pi\,k!)$, of the order $k^{-5/2}$.
    """
    squares = np.zeros(max(terms, 3))
    squares[:3] = 1 / (2 * math.pi), 0.25, 1 / (4 * math.pi)
    for k in range(4, terms, 2):
        squares[k] = squares[k - 2] * (k - 3) ** 2 / (k * (k - 1))
    return squares[:terms]


@float64
def hermite_gram(x: Float[Array, "n d"] | Float[np.ndarray, "n d"], terms: int) -> Matrix:
    r"""$\sum_{k < \text{terms}} \langle\sigma, h_k\rangle^2 (XX^\top)^{\circ k}$.

    Args:
        x: rows of unit norm.
        terms: how many terms of the series.

    Returns:
        A lower bound of $G^\infty = E_w[\sigma(Xw)\sigma(Xw)^\top]$ in the order of positive
        semidefinite matrices, as every term left out is one.

    Cost: $n^2$ operations per term.

    Raises:
        InvalidInputError: rows that are not of unit norm, or fewer than one term.

    References:
        Gao et al. (2022), arXiv 2110.05645, eq. (31).
    """
    if terms < 1:
        raise InvalidInputError(
            f"`hermite_gram(terms=...)` must be at least 1. Got {terms}. The first term is the "
            "square of the mean of the rectifier."
        )
    x = unit_rows("hermite_gram", as_float64(x))
    gram = x @ x.T
    total = jnp.zeros_like(gram)
    for square in rectifier_coefficients(terms)[::-1]:
        total = total * gram + float(square)
    return total
