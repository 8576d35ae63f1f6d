"""A symmetric matrix known only through its products with vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.memory import require_bytes
from surefit.core.rounding import frobenius_norm_bound, gamma
from surefit.core.spectrum.validation import check_error, symmetric_matrix
from surefit.errors import InvalidInputError, NumericalError

__all__ = ["SymmetricOperator"]

_LARGEST = 1e140


@dataclasses.dataclass(frozen=True)
class SymmetricOperator:
    r"""A symmetric matrix $A$ known only through its products with vectors.

    Args:
        matvec: maps a float64 vector $v$ of length `size` to $Av$, in NumPy or in JAX. JAX code
            runs with 64-bit types switched on; a closure over float32 arrays stays float32 and is
            refused.
        size: the number of rows.
        error: a bound on $\|fl(Av) - A_{\mathrm{true}}v\| / \|v\|$, as far as the caller knows one;
            every enclosure is widened by it.

    Raises:
        InvalidInputError: `size` below 1, or `error` negative, infinite or NaN.
    """

    matvec: Callable[[Any], Any]
    size: int
    error: float = 0.0

    def __post_init__(self) -> None:
        check_error(self.error, "SymmetricOperator")
        if self.size < 1:
            raise InvalidInputError(
                f"`SymmetricOperator(size=...)` must be at least 1. Got {self.size}. A matrix "
                "without rows has no eigenvalues. Pass the number of residuals or parameters."
            )

    @classmethod
    def from_matrix(cls, matrix: Any) -> SymmetricOperator:
        r"""The operator of an explicit matrix; its products err by at most $\gamma_n \|K\|_F$."""
        array, rounded = symmetric_matrix(matrix, "SymmetricOperator.from_matrix(matrix=...)")
        terms = len(array) + (1 if rounded else 0)
        return cls(lambda v: array @ v, len(array), gamma(terms) * frobenius_norm_bound(array))

    def __call__(self, vector: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """$Av$ as a NumPy array.

        Raises:
            InvalidInputError: the product is not a float64 vector of length `size`.
            NumericalError: the product is not finite, or too large to be squared.
        """
        image = np.asarray(self.matvec(vector))
        if image.dtype != np.float64 or image.shape != (self.size,):
            raise InvalidInputError(
                "`SymmetricOperator(matvec=...)` must map a float64 vector of length "
                f"{self.size} to another. Got dtype {image.dtype} and shape {image.shape}. In "
                "lower precision small eigenvalues come out with the wrong sign. Cast the arrays "
                "that the function closes over with `surefit.core.precision.as_float64`."
            )
        largest = float(np.max(np.abs(image)))
        if not largest < _LARGEST:  # NaN included
            raise NumericalError(
                "`SymmetricOperator(matvec=...)` must return finite numbers below "
                f"{_LARGEST:.0e}, so that their squares are finite. Got a largest entry of "
                f"{largest:.3g} for a unit vector. The operator overflows or divides by zero. "
                "Check the parameters that it is taken at, or divide it by a power of two."
            )
        return image

    def as_matrix(self) -> Float[np.ndarray, "n n"]:
        """The matrix, one product per column.

        Raises:
            MemoryLimitError: it would not fit into memory.
        """
        require_bytes(
            3 * 8 * self.size**2,
            f"A {self.size} x {self.size} matrix",
            "Stay matrix-free: `lanczos_extremes` stores a few vectors only.",
        )
        columns = [self(column) for column in np.eye(self.size)]
        return np.stack(columns, axis=1)
