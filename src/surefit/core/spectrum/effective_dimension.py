r"""The effective dimension $\operatorname{tr}K(K + \lambda I)^{-1}$, enclosed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, down, up
from surefit.core.spectrum.dense import Spectrum, symmetric_spectrum
from surefit.core.spectrum.enclosure import Enclosure
from surefit.errors import InvalidInputError

__all__ = ["effective_dimension"]


@float64
def effective_dimension(matrix: Any, ridge: float) -> Enclosure:
    r"""$d(\lambda) = \sum_i \lambda_i/(\lambda_i + \lambda)$, how many directions a ridge leaves.

    Every term grows with its eigenvalue, so that the ends of the enclosures of the eigenvalues give
    those of the sum. A Gram matrix has no negative eigenvalues: the part of an enclosure below zero
    counts as zero.

    Args:
        matrix: positive semi-definite, float64, or its `Spectrum`.
        ridge: $\lambda > 0$, in the units of the eigenvalues (not divided by the samples).

    Returns:
        The enclosure, with the evidence of the spectrum.

    Raises:
        InvalidInputError: a ridge that is not positive, a matrix as `symmetric_spectrum` refuses
            it, or an eigenvalue that is negative beyond its error.

    Cost:
        That of `symmetric_spectrum`, if the spectrum is not there yet.

    References:
        T. Zhang, Learning bounds for kernel regression using effective data dimensionality, Neural
        Computation 17 (2005) 2077-2098, section 3; A. Caponnetto, E. De Vito (2007).
    """
    if not 0.0 < ridge < math.inf:
        raise InvalidInputError(
            f"`effective_dimension(ridge=...)` must be positive and finite. Got {ridge}. Without a "
            "ridge the effective dimension is the rank, which rounding does not tell. Write the "
            "ridge of the regression."
        )
    spectrum = matrix if isinstance(matrix, Spectrum) else symmetric_spectrum(matrix)
    lowest = spectrum.smallest
    if lowest.upper < 0.0:
        raise InvalidInputError(
            "`effective_dimension(matrix=...)` must be positive semi-definite. Got an eigenvalue "
            f"of {lowest.value:.3g}, negative beyond its error {spectrum.error:.1g}. A Gram matrix "
            "has none. Check how it was computed."
        )
    values = np.asarray(spectrum.eigenvalues)

    def terms(eigenvalues: np.ndarray) -> float:
        clipped = np.maximum(eigenvalues, 0.0)
        return float(math.fsum(clipped / (clipped + ridge)))

    # A quotient and a sum in it round by half a unit each, the exact sum once.
    slack = 4 * UNIT_ROUNDOFF
    lower = float(down(terms(down(values - spectrum.error)) * (1 - slack)))
    upper = float(up(terms(up(values + spectrum.error)) * (1 + slack)))
    value = min(max(terms(values), lower), upper)
    return Enclosure(max(lower, 0.0), value, upper, spectrum.evidence)
