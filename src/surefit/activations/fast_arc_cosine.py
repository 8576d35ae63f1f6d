r"""The arc-cosine kernels without inverse trigonometric functions, as polynomials.

With the defect $e = 1 - |\rho|$ and $\vartheta = \arccos|\rho|$,
$$\vartheta = \sqrt e\,A(e), \qquad \sin\vartheta - \vartheta\cos\vartheta = e\sqrt e\,B(e),$$
where $A(e) = \sqrt2\sum_k a_k (e/2)^k$ with $a_k = \binom{2k}{k} / (4^k(2k+1))$, the series of the
arcsine, and, as the second function is the integral of the first over $e$, $B$ has the
coefficients of $A$ divided by $k + \frac32$. Both are analytic for $|e| < 2$ and positive; on
$[0, 1]$ polynomials of degree 18 have float64's accuracy and of degree 7 that of float32. Then
$$\kappa_0 = \begin{cases}1 - \vartheta/\pi\\ \vartheta/\pi\end{cases} \qquad
\kappa_1 = \max(\rho, 0) + \frac{e\sqrt e\,B(e)}{\pi}$$
for $\rho \ge 0$ and $\rho < 0$: no difference of nearly equal numbers, given $e$.

References:
    Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 0, 1.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations.angle import root

__all__ = ["angle_and_excess", "arc_cosine_pair", "coefficients", "rectifier_pair"]

# Degrees beyond which the Chebyshev coefficients are below half a unit in the last place.
DEGREES = {"float64": 18, "float32": 7}
# Terms of the Taylor series, which converges like 2^-k.
TERMS = 64

Entries = Float[Array, "..."]


@jax.jit
def angle_and_excess(defect: Entries) -> tuple[Entries, Entries]:
    r"""$\vartheta = \arccos(1-e)$ and $\sin\vartheta - \vartheta\cos\vartheta$ from $e \in [0, 1]$.

    Both have the relative accuracy of $e$. Negative numbers count as 0.

    Cost: one square root and two polynomials of degree 18 (float64) or 7 (float32).
    """
    first, second = coefficients("float64" if defect.dtype == jnp.float64 else "float32")
    length = root(defect)
    e = length * length
    # XLA computes what is used in several places once for each, except behind what it counts as
    # expensive; a quotient is. Nobody but us knows that this divides by 1 wherever it matters.
    one = jnp.where(length <= 0, 2.0, 1.0).astype(length.dtype)
    return length * _horner(first, e) / one, length * e * _horner(second, e) / one


def arc_cosine_pair(rho: Entries, defect: Entries | None = None) -> tuple[Entries, Entries]:
    r"""$\kappa_0(\rho) = 1 - \theta/\pi$ and $\kappa_1(\rho)$, with $\cos\theta = \rho$.

    Args:
        rho: correlation in [-1, 1]; beyond it by rounding counts as 1 in size.
        defect: $1 - |\rho|$ where it is known with more digits than the difference has.
    """
    defect = 1.0 - jnp.abs(rho) if defect is None else defect
    theta, excess = angle_and_excess(defect)
    share = theta / math.pi
    positive = rho >= 0
    return (
        jnp.where(positive, 1.0 - share, share),
        jnp.where(positive, rho, 0.0) + excess / math.pi,
    )


def rectifier_pair(
    rho: Entries, slope: float = 0.0, defect: Entries | None = None
) -> tuple[Entries, Entries]:
    r"""Duals of ReLU ($a = 0$) or leaky ReLU with slope $a$, per $\sqrt{st}$, from the correlation.

    Returns:
        $E[\phi\phi]/\sqrt{st} = a\rho + \frac{(1-a)^2}{2}\kappa_1$ and
        $E[\phi'\phi'] = a + \frac{(1-a)^2}{2}\kappa_0$.
    """
    step, ramp = arc_cosine_pair(rho, defect)
    half = (1.0 - slope) ** 2 / 2
    if slope == 0.0:
        return half * ramp, half * step
    return slope * rho + half * ramp, slope + half * step


@functools.cache
def coefficients(dtype: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Those of A and of B, constant term first, rounded once from rational arithmetic."""
    degree = DEGREES[dtype]
    taylor = [Fraction(math.comb(2 * k, k), 8**k * (2 * k + 1)) for k in range(TERMS)]
    integral = [a / (k + Fraction(3, 2)) for k, a in enumerate(taylor)]
    kind = np.dtype(dtype).type
    return tuple(
        tuple(float(kind(math.sqrt(2) * float(c))) for c in _economised(series, degree))
        for series in (taylor, integral)
    )


def _economised(series: list[Fraction], degree: int) -> list[Fraction]:
    r"""The power series with its Chebyshev expansion on [0, 1] cut off behind `degree`.

    $x^k = 2^{1-2k}\sum_j' \binom{2k}{k-j} T_j(2x-1)$, the term of $j = 0$ halved.
    """
    cut = [
        sum(2 * a * math.comb(2 * k, k - j) / 4**k for k, a in enumerate(series) if k >= j)
        for j in range(degree + 1)
    ]
    cut[0] /= 2
    total = [Fraction(0)] * (degree + 1)
    before, now = [Fraction(1)], [Fraction(-1), Fraction(2)]
    for j, c in enumerate(cut):
        polynomial = before if j == 0 else now
        for power, value in enumerate(polynomial):
            total[power] += c * value
        if j > 0:
            before, now = now, _next(before, now)
    return total


def _next(before: list[Fraction], now: list[Fraction]) -> list[Fraction]:
    """Chebyshev's recurrence on [0, 1]: two times (2x - 1) times `now`, minus `before`."""
    new = [Fraction(0)] * (len(now) + 1)
    for power, value in enumerate(now):
        new[power] -= 2 * value
        new[power + 1] += 4 * value
    for power, value in enumerate(before):
        new[power] -= value
    return new


def _horner(polynomial: tuple[float, ...], x: Entries) -> Entries:
    total = jnp.full_like(x, polynomial[-1])
    for c in polynomial[-2::-1]:
        total = total * x + c
    return total
