r"""The norm of $C - AB$ to nearly full accuracy where $AB \approx C$, from ordinary products.

The a-priori error of one float64 product grows like $n^{3/2} u$ and would hide residuals of the
size of rounding, which are what certifies a factorisation. Splitting each factor into a leading
part with few bits and the rest makes the leading product exact: every partial sum fits into 53
bits, in any order of summation. The other two products are some $2^{-20}$ smaller, and so are their
errors.

References:
    K. Ozaki, T. Ogita, S. Oishi, S. M. Rump, Error-free transformations of matrix multiplication by
    using fast routines of matrix multiplication and its applications, Numer. Algorithms 59 (2012)
    95-118, section 3.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from surefit.core.rounding import SMALLEST, UNIT_ROUNDOFF, frobenius_norm_bound, gamma, up

__all__ = ["power_of_two_scaling", "product_residual_bound"]

_BLOCK = 512


def power_of_two_scaling(
    matrix: Float[np.ndarray, "m n"],
) -> tuple[Float[np.ndarray, "m n"], int]:
    """`matrix` times a power of two so that its largest entry is of order one, and the exponent.

    The scaling is exact except for entries 1e-300 times smaller than the largest, which are lost
    at a size (`SMALLEST`) that every bound here includes.
    """
    largest = float(np.max(np.abs(matrix)))
    exponent = math.frexp(largest)[1] if largest else 0
    # Ordinary sizes stay as they are: nothing can overflow or underflow there, and no copy is made.
    if abs(exponent) < 200:
        return matrix, 0
    with np.errstate(under="ignore"):
        return np.ldexp(matrix, -exponent), exponent


def _leading(a: Float[np.ndarray, "m p"], axis: int) -> Float[np.ndarray, "m p"]:
    # Multiples of 2^(beta+tau-53) that are at most 2^tau in size, 2^tau >= the largest entry along
    # the axis: 53 - beta bits. Products of two have 106 - 2 beta, sums of p of them at most 53.
    p = a.shape[axis]
    beta = math.ceil((53 + math.log2(p)) / 2)
    largest = np.max(np.abs(a), axis=axis, keepdims=True)
    mantissa, tau = np.frexp(largest)  # largest = mantissa 2^tau with mantissa in [1/2, 1)
    sigma = np.where(mantissa > 0, np.ldexp(1.0, tau + beta), 0.0)
    return (a + sigma) - sigma


def product_residual_bound(
    c: Float[np.ndarray, "m k"], a: Float[np.ndarray, "m p"], b: Float[np.ndarray, "p k"]
) -> float:
    r"""An upper bound of $\|C - AB\|_F$ that rounding inflates by little more than nothing.

    Entries should be of ordinary size (scale by a power of two if not: the largest between 1e-100
    and 1e100, say); with larger ones the bound may be infinite, never too small.

    Args:
        c: what the product should be.
        a: the left factor.
        b: the right factor.

    Returns:
        The bound. Above the true norm by a relative $\gamma_{mk}$ and about
        $2^{-20}\,p\,u\,\|A\|_F \|B\|_F$.

    Cost:
        Three products of the size of $AB$, and two arrays of the size of $B$.
    """
    p = a.shape[1]
    b_lead = _leading(b, axis=0)
    b_rest = b - b_lead
    squares, rounding = [], []
    norm_b, norm_b_rest = frobenius_norm_bound(b), frobenius_norm_bound(b_rest)
    for start in range(0, a.shape[0], _BLOCK):
        rows = a[start : start + _BLOCK]
        lead = _leading(rows, axis=1)
        rest = rows - lead
        difference = c[start : start + _BLOCK] - lead @ b_lead
        partial = difference - lead @ b_rest
        final = partial - rest @ b
        # The three subtractions round once each; the two last products as any product does.
        three = (difference, partial, final)
        subtractions = UNIT_ROUNDOFF * sum(frobenius_norm_bound(x) for x in three)
        sizes = frobenius_norm_bound(lead) * norm_b_rest + frobenius_norm_bound(rest) * norm_b
        underflow = 3.0 * p * SMALLEST * rows.shape[0] * b.shape[1]
        rounding.append(subtractions + gamma(p) * sizes + underflow)
        squares.append(frobenius_norm_bound(final))
    bound = frobenius_norm_bound(np.array(squares)) + frobenius_norm_bound(np.array(rounding))
    # The handful of roundings in this bookkeeping itself is far below this.
    return float(up(bound * (1.0 + 64 * UNIT_ROUNDOFF)))
