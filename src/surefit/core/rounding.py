r"""Rounding: the unit roundoff, outward rounding and a-priori bounds on float64 products.

The model is IEEE-754 double precision, round to nearest: $fl(a \circ b) = (a \circ b)(1+\delta)$
with $|\delta| \le u = 2^{-53}$. The bounds hold for inner products summed in any order, with or
without fused multiply-add; they exclude only products that are not sums of $p$ products per entry
(Strassen's method) and reduced-precision hardware modes.

References:
    N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002: Lemma 3.1
    ($\gamma_n$), equation (3.5) (inner products), equation (3.13) (matrix products).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.errors import InvalidInputError

__all__ = [
    "SMALLEST",
    "UNIT_ROUNDOFF",
    "down",
    "frobenius_norm_bound",
    "gamma",
    "gram_error",
    "gram_frobenius_error",
    "gram_operator_error",
    "up",
]

UNIT_ROUNDOFF = 2.0**-53
"""Half the distance from 1 to the next float64."""

SMALLEST = 2.0**-1074
"""The smallest positive float64: bounds what a product can lose by underflow."""

_COLLATZ_STEPS = 4


def up(x: Any) -> Any:
    """One float64 step towards plus infinity: at least the exact value that was rounded to `x`."""
    return np.nextafter(x, np.inf)


def down(x: Any) -> Any:
    """One float64 step towards minus infinity: at most the exact value that was rounded to `x`."""
    return np.nextafter(x, -np.inf)


def gamma(n: int) -> float:
    r"""$\gamma_n = n u / (1 - n u)$, rounded up: the relative error of $n$ roundings in a row.

    Args:
        n: how many roundings, at least 0.

    Raises:
        InvalidInputError: $n$ is negative, or $n u \ge 1$ so that nothing can be said.

    References:
        Higham (2002), Lemma 3.1.
    """
    share = n * UNIT_ROUNDOFF
    if n < 0 or share >= 1.0:
        raise InvalidInputError(
            f"`gamma(n=...)` must be given 0 <= n < 2**53. Got {n}. The bound n u / (1 - n u) on n "
            "roundings in a row exists only while n u < 1. Split the sum, or check the sizes."
        )
    return float(up(up(share) / down(1.0 - share))) if n else 0.0


def frobenius_norm_bound(a: Any) -> float:
    r"""An upper bound of $\|A\|_F$ that exceeds it by a relative $\gamma_N$ at most, $N$ entries.

    Args:
        a: a float64 array of any shape.

    Returns:
        The bound; infinity where an entry is infinite or NaN.

    Cost:
        One pass over the entries, no copy for C or Fortran ordered arrays of ordinary size.
    """
    flat = np.asarray(a, dtype=np.float64).ravel(order="K")
    largest = max(-float(flat.min()), float(flat.max())) if flat.size else 0.0
    if largest == 0.0:
        return 0.0
    if not math.isfinite(largest):
        return math.inf
    exponent = math.frexp(largest)[1]
    if abs(exponent) > 400:  # the squares would overflow or underflow; powers of two are exact
        scaled = frobenius_norm_bound(np.ldexp(flat, -exponent))
        with np.errstate(over="ignore", under="ignore"):
            return float(up(np.ldexp(scaled, exponent)))
    underflow = flat.size * SMALLEST
    square = up(up(float(np.dot(flat, flat)) + underflow) / down(1.0 - gamma(flat.size)))
    return float(up(math.sqrt(square)))


def _inflated_gamma(p: int) -> float:
    # |A||A|^T is itself computed with relative error gamma_p: true <= computed / (1 - gamma_p).
    return float(up(gamma(p) / down(1.0 - gamma(p))))


def gram_error(a: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "n n"]:
    r"""Entrywise bound on the float64 error of a Gram product.

    $$|fl(AA^\top) - AA^\top| \le \gamma_p\, |A|\,|A|^\top + p\, 2^{-1074},$$

    the last term for underflow.

    Args:
        a: the factor, features or Jacobian rows.

    Returns:
        The bound, rounded up, one number per entry of the Gram matrix.

    Cost:
        One product of the same size, $2n^2p$ operations, and an $n \times n$ array.

    References:
        Higham (2002), equation (3.13).
    """
    p = a.shape[1]
    magnitude = np.abs(np.asarray(a, dtype=np.float64))
    product = up(magnitude @ magnitude.T)
    return up(up(product * _inflated_gamma(p)) + 3 * p * SMALLEST)


def gram_frobenius_error(a: Float[np.ndarray, "n p"]) -> float:
    r"""Bound on $\|fl(AA^\top) - AA^\top\|_F$ without forming a product: $\gamma_p\|A\|_F^2$.

    It follows from the entrywise bound with $\||A||A|^\top\|_F \le \|A\|_F^2$.

    Cost:
        One pass over `a`.

    References:
        Higham (2002), equation (3.13) and section 6.2.
    """
    n, p = a.shape
    norm = frobenius_norm_bound(a)
    return float(up(up(gamma(p) * up(norm * norm)) + n * p * SMALLEST))


def gram_operator_error(a: Float[np.ndarray, "n p"]) -> float:
    r"""Bound on $\|fl(AA^\top) - AA^\top\|_2$: $\gamma_p \|\,|A||A|^\top\|_2$.

    A symmetric error matrix that is entrywise below a non-negative $M$ has operator norm at most
    $\|M\|_2$, and $\|M\|_2 \le \max_i (Mv)_i / v_i$ for every positive vector $v$
    (Collatz-Wielandt). A few power steps on $M = |A||A|^\top$ make $v$ good.

    Returns:
        The bound, rounded up; at most `gram_frobenius_error(a)`.

    Cost:
        Ten matrix-vector products with $|A|$ and one copy of `a`.

    References:
        Higham (2002), equation (3.13) and Lemma 6.6; R. A. Horn and C. R. Johnson, Matrix
        Analysis, 2nd ed., Corollary 8.1.31 (Collatz-Wielandt).
    """
    n, p = a.shape
    fallback = gram_frobenius_error(a)
    magnitude = np.abs(np.asarray(a, dtype=np.float64))
    magnitude = magnitude[magnitude.any(axis=1)]
    if magnitude.shape[0] == 0:
        return fallback
    v = np.ones(magnitude.shape[0])
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        for _ in range(_COLLATZ_STEPS):
            image = magnitude @ (v @ magnitude)
            v = np.maximum(image / image.max(), 1e-8)
        ratio = float(np.max((magnitude @ (v @ magnitude)) / v))
    # Two sums of non-negative terms and one quotient: relative error gamma_{n+p+1}.
    ratio = float(up(up(ratio) / down(1.0 - gamma(n + p + 1))))
    bound = float(up(up(gamma(p) * ratio) + 3 * n * p * SMALLEST))
    return bound if bound < fallback else fallback
