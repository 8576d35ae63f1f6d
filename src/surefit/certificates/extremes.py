"""The two ends of the spectrum of a Gram matrix, with rounding, at a price that fits its size."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from jaxtyping import Float

from surefit.core.rounding import UNIT_ROUNDOFF, gamma
from surefit.core.spectrum.cholesky import smallest_eigenvalue_cholesky
from surefit.core.spectrum.dense import symmetric_spectrum
from surefit.core.spectrum.enclosure import Enclosure
from surefit.curvature.norms import perron_bounds

__all__ = ["gram_extremes"]

# From here on an eigenvalue solver takes minutes, a Cholesky factorisation seconds.
LARGE = 2500
# Of the smallest eigenvalue there: it moves C by as much, and sharper bounds take 7 N^3 operations.
_TOLERANCE = 1e-3
_POWER_STEPS = 20
_ABOVE = (1e-3, 3e-2, 0.2, 1.0)  # how far above the quotient the largest one is looked for

Ends = tuple[Enclosure, Enclosure, Float[np.ndarray, " nk"] | None]


def gram_extremes(gram: Float[np.ndarray, "nk nk"], rounding: float, quick: bool = False) -> Ends:
    r"""(smallest eigenvalue, largest eigenvalue, unit eigenvector of the smallest or None).

    Args:
        gram: $K$, symmetric.
        rounding: bound of its error in operator norm.
        quick: no eigenvector, and LAPACK's a-priori error $n\,u\,\lVert K\rVert$ in place of a
            computed bound. About five times faster.

    Cost:
        Up to N = 2500 the whole spectrum. Beyond, the smallest eigenvalue by Cholesky
        factorisations ($N^3/3$ operations each, seven arrays of the size of $K$), the largest by
        another one from above and a Rayleigh quotient from below; no eigenvector.
    """
    if len(gram) > LARGE:
        smallest = smallest_eigenvalue_cholesky(gram, rounding, _TOLERANCE)
        return smallest, _largest(gram, rounding), None
    if quick:
        values = np.linalg.eigvalsh(gram)
        error = rounding + len(gram) * UNIT_ROUNDOFF * float(values[-1])
        return (
            Enclosure.around(float(values[0]), error),
            Enclosure.around(float(values[-1]), error),
            None,
        )
    spectrum = symmetric_spectrum(gram, rounding)
    vectors = spectrum.eigenvectors
    return spectrum.smallest, spectrum.largest, None if vectors is None else vectors[:, 0]


def _largest(gram: Float[np.ndarray, "nk nk"], rounding: float) -> Enclosure:
    r"""A Rayleigh quotient, and the least of some $t$ above it for which $tI - K$ has a factor.

    With the computed factor, $\lVert tI - K - LL^\top\rVert \le \gamma_{n+1}\lVert L\rVert_F^2$.
    """
    n = len(gram)
    v = np.ones(n) / np.sqrt(n)
    for _ in range(_POWER_STEPS):
        v = gram @ v
        v = v / np.linalg.norm(v)
    quotient = float(v @ (gram @ v))
    slack = rounding + 4 * n * UNIT_ROUNDOFF * quotient
    for share in _ABOVE:
        t = quotient * (1.0 + share) + 2.0 * slack
        shifted = -gram
        shifted[np.diag_indices(n)] += t
        _, info = scipy.linalg.lapack.dpotrf(shifted.T, lower=1, clean=0, overwrite_a=1)
        if info == 0:
            size = n * t - float(np.trace(gram))  # the sum of the squares of L, up to rounding
            upper = t * (1 + 4 * UNIT_ROUNDOFF) + 1.01 * float(gamma(n + 1)) * size + rounding
            return Enclosure(quotient - slack, quotient, max(upper, quotient + slack))
    above = perron_bounds(np.abs(gram), np.ones((n, 1)), _POWER_STEPS)[0]
    upper = float(above) * (1 + 4 * n * UNIT_ROUNDOFF) + rounding
    return Enclosure(quotient - slack, quotient, max(upper, quotient + slack))
