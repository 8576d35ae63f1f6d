"""The eigen-decomposition of a kernel matrix, and whether the matrix can be that of a kernel."""

from __future__ import annotations

import dataclasses
import functools
from enum import StrEnum

import numpy as np
from jaxtyping import Float64

from surefit.core.spectrum import Spectrum, symmetric_spectrum
from surefit.errors import NumericalError

__all__ = ["Definiteness", "KernelEigen"]


class Definiteness(StrEnum):
    """What the eigenvalues of a kernel matrix say, up to rounding."""

    POSITIVE_DEFINITE = "positive_definite"
    RANK_DEFICIENT = "rank_deficient"
    INDEFINITE = "indefinite"


@dataclasses.dataclass(frozen=True, eq=False)
class KernelEigen:
    """A kernel matrix by its eigenvalues and eigenvectors.

    Args:
        name: what the matrix is called in messages.
        spectrum: as computed, with its error and its eigenvectors.
    """

    name: str
    spectrum: Spectrum

    @classmethod
    def of(cls, name: str, matrix: Float64[np.ndarray, "n n"]) -> KernelEigen:
        """Decompose a matrix.

        Raises:
            InvalidInputError: it is not symmetric.
            MemoryLimitError: it is too large.
        """
        return cls(name, symmetric_spectrum(matrix))

    @property
    def tolerance(self) -> float:
        r"""What cannot be told from 0: the larger of the solver's error and $n u\lambda_{\max}$.

        A kernel evaluated in float64 has such errors in its entries, too.
        """
        values = self.spectrum.eigenvalues
        unit = float(np.finfo(np.float64).eps) * len(values) * float(np.abs(values).max())
        return max(self.spectrum.error, unit)

    @functools.cached_property
    def values(self) -> Float64[np.ndarray, " n"]:
        """The eigenvalues in ascending order, those within the tolerance of 0 set to 0."""
        values = np.asarray(self.spectrum.eigenvalues, np.float64)
        return np.where(np.abs(values) <= self.tolerance, 0.0, values)

    @property
    def vectors(self) -> Float64[np.ndarray, "n n"]:
        """Column i belongs to eigenvalue i."""
        return np.asarray(self.spectrum.eigenvectors, np.float64)

    @property
    def rank(self) -> int:
        """How many eigenvalues are above the tolerance."""
        return int(np.sum(self.values > 0.0))

    @property
    def status(self) -> Definiteness:
        """Positive definite, rank deficient or indefinite."""
        if self.values[0] > 0.0:
            return Definiteness.POSITIVE_DEFINITE
        return Definiteness.INDEFINITE if self.values[0] < 0.0 else Definiteness.RANK_DEFICIENT

    @property
    def message(self) -> str:
        """The status in a sentence, with what to do about it."""
        n, low = len(self.values), float(self.spectrum.eigenvalues[0])
        if self.status is Definiteness.POSITIVE_DEFINITE:
            return f"{self.name} is positive definite: its smallest eigenvalue is {low:.3g}."
        if self.status is Definiteness.RANK_DEFICIENT:
            return (
                f"{self.name} has rank {self.rank} of {n}: {n - self.rank} eigenvalues cannot be "
                f"told from 0 (below {self.tolerance:.1e}). What the targets have along their "
                "eigenvectors is never learnt. Duplicate or parallel inputs are the usual cause; "
                "remove them, or add a ridge."
            )
        return (
            f"{self.name} is not positive semi-definite: its smallest eigenvalue is {low:.3g}, "
            f"below -{self.tolerance:.1e}, which rounding in float64 does not explain. It is no "
            "matrix of a kernel. Compute it in float64, or add a ridge larger than "
            f"{-low:.3g}."
        )

    def require_rates(self, ridge: float) -> None:
        """Refuse to predict where a mode would grow without bound.

        Raises:
            NumericalError: an eigenvalue plus the ridge is below 0.
        """
        if self.values[0] + ridge < 0.0:
            raise NumericalError(
                f"`FunctionSpace`: the eigenvalues of {self.name} plus the ridge must be at least "
                f"0. Got {self.values[0]:.3g} + {ridge:g}. Along such an eigenvector descent "
                f"would diverge. {self.message}"
            )
