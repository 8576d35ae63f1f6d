r"""Singular values of $X^{*t}$, whose columns are the tensor powers $x_a^{\otimes t}$.

$\langle x_a^{\otimes t}, x_b^{\otimes t}\rangle = \langle x_a, x_b\rangle^t$, so the Gram matrix
of these columns is the Hadamard power $(XX^\top)^{\circ t}$ of that of the samples, and the
$d^t \times n$ matrix is never formed.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.precision import float64
from surefit.core.rounding import frobenius_norm_bound, gamma, gram_error, up
from surefit.core.spectrum import Enclosure, symmetric_spectrum
from surefit.core.spectrum.validation import finite_matrix
from surefit.errors import InvalidInputError

__all__ = ["HadamardSpectrum", "hadamard_power", "hadamard_spectrum", "symmetric_dimension"]


def symmetric_dimension(inputs: int, degree: int) -> int:
    r"""$\binom{d+t-1}{t}$, the dimension of the symmetric tensors: $X^{*t}$ has no larger rank.

    Args:
        inputs: $d$.
        degree: $t$, at least 0.

    Raises:
        InvalidInputError: the degree is negative.
    """
    if degree < 0:
        raise InvalidInputError(
            f"`symmetric_dimension(degree=...)` must be at least 0. Got {degree}. It is the number "
            "of factors of a tensor power."
        )
    return math.comb(inputs + degree - 1, degree)


@dataclasses.dataclass(frozen=True)
class HadamardSpectrum:
    r"""The extreme singular values of $X^{*t}$ on $\mathbb R^n$.

    Args:
        degree: $t$.
        smallest: $\sigma_{\min}$; exactly 0 where $n$ exceeds `rank_bound`.
        largest: $\sigma_{\max}$.
        rank_bound: $\binom{d+t-1}{t}$, not $d^t$: tensor powers are symmetric.
    """

    degree: int
    smallest: Enclosure
    largest: Enclosure
    rank_bound: int


def hadamard_power(
    x: Float[np.ndarray, "n d"], degree: int
) -> tuple[Float[np.ndarray, "n n"], float]:
    r"""$(XX^\top)^{\circ t}$ in float64, with a bound on the Frobenius norm of its error.

    An entry $g$ of the Gram matrix carries an error $e$ and its power $t - 1$ more roundings:
    $|fl(g^t) - g^t| \le t\,e\,(|g| + e)^{t-1} + \gamma_{t-1}(|g| + e)^t$.

    Cost:
        $n^2(d + t)$ operations.
    """
    gram = x @ x.T
    gram = (gram + gram.T) / 2
    power = np.ones_like(gram)
    for _ in range(degree):
        power = power * gram
    error = up(gram_error(x) + gamma(1) * np.abs(gram))
    reach = up(np.abs(gram) + error)
    # The bound itself is a product of t positive numbers.
    size = reach ** (degree - 1) * (1.0 + 4 * gamma(degree + 4)) if degree else 0.0 * reach
    bound = up(degree * error * size) + up(gamma(max(degree - 1, 0)) * reach * size)
    return power, float(up(frobenius_norm_bound(bound) * (1.0 + gamma(8))))


@float64
def hadamard_spectrum(x: Any, degree: int) -> HadamardSpectrum:
    r"""$\sigma_{\min}(X^{*t})$ and $\sigma_{\max}(X^{*t})$ with enclosures.

    For unit rows neither end gets worse with the degree: $\lambda_{\min}(A \circ B) \ge
    \lambda_{\min}(A)\min_iB_{ii}$ and $\lambda_{\max}(A \circ B) \le \lambda_{\max}(A)\max_iB_{ii}$
    for positive semidefinite matrices.

    Args:
        x: samples as rows, float64.
        degree: $t$, at least 1.

    Raises:
        InvalidInputError: the degree is below 1, or `x` is not a finite float64 matrix.

    Cost:
        $n^2(d + t)$ operations for the matrix and $20n^3$ for its spectrum.

    References:
        Song et al. (2021), arXiv 2111.01875, Theorem 3 ($X^{*t}$); R. A. Horn, C. R. Johnson,
        Topics in Matrix Analysis, Theorem 5.3.4 (Schur), for the monotonicity.

    Example:
        >>> import numpy as np
        >>> from surefit.theory.shallow import hadamard_spectrum
        >>> f"{hadamard_spectrum(np.array([[1.0, 0.0], [0.6, 0.8]]), 2).smallest:.12g}"
        '0.8'
    """
    if degree < 1:
        raise InvalidInputError(
            f"`hadamard_spectrum(degree=...)` must be at least 1. Got {degree}. The power of "
            "degree 0 is the matrix of ones, of rank 1. Degree 1 is the matrix of the inputs."
        )
    rows = finite_matrix(x, "hadamard_spectrum(x=...)")
    power, error = hadamard_power(rows, degree)
    spectrum = symmetric_spectrum(power, error, eigenvectors=False)
    rank_bound = symmetric_dimension(rows.shape[1], degree)
    zero = Enclosure(0.0, 0.0, 0.0)
    smallest = zero if len(rows) > rank_bound else _root(spectrum.smallest)
    return HadamardSpectrum(degree, smallest, _root(spectrum.largest), rank_bound)


def _root(eigenvalue: Enclosure) -> Enclosure:
    # A Gram matrix has no negative eigenvalue; only rounding puts the computed one below zero.
    return Enclosure(0.0, 0.0, 0.0) if eigenvalue.upper < 0 else eigenvalue.sqrt()
