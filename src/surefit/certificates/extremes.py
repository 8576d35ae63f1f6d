"""The two ends of the spectrum of a Gram matrix, with rounding, at a price that fits its size."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum.cholesky import smallest_eigenvalue_cholesky
from surefit.core.spectrum.dense import symmetric_spectrum
from surefit.core.spectrum.enclosure import Enclosure
from surefit.curvature.norms import perron_bounds

__all__ = ["gram_extremes"]

# From here on an eigenvalue solver takes minutes, a Cholesky factorisation seconds.
LARGE = 2500
_TOLERANCE = 1e-6
_POWER_STEPS = 20

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
        Collatz-Wielandt on $|K|$ from above and a Rayleigh quotient from below; no eigenvector.
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
    v = np.ones(len(gram)) / np.sqrt(len(gram))
    for _ in range(_POWER_STEPS):
        v = gram @ v
        v = v / np.linalg.norm(v)
    quotient = float(v @ (gram @ v))
    slack = rounding + 4 * len(gram) * UNIT_ROUNDOFF * quotient
    above = perron_bounds(np.abs(gram), np.ones((len(gram), 1)), _POWER_STEPS)[0]
    upper = float(above) * (1 + 4 * len(gram) * UNIT_ROUNDOFF) + rounding
    return Enclosure(quotient - slack, quotient, max(upper, quotient + slack))
