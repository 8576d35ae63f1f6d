"""The Lanczos recurrence: an orthonormal Krylov basis and the tridiagonal matrix in it."""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
from jaxtyping import Float

from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.core.spectrum.random_start import slack_below
from surefit.errors import InvalidInputError, NumericalError

__all__ = ["LanczosRecurrence"]

_TINY = 1e-140


class LanczosRecurrence:
    """The Lanczos recurrence with full reorthogonalisation, one step at a time.

    Args:
        op: the operator.
        limit: the largest number of steps; room for as many vectors is set aside.
        seed: of the start vector, uniformly random on the sphere.
    """

    def __init__(self, op: SymmetricOperator, limit: int, seed: int) -> None:
        self.op = op
        self.basis = np.empty((limit + 1, op.size))
        start = np.random.default_rng(seed).standard_normal(op.size)
        self.basis[0] = start / np.linalg.norm(start)
        self.alpha: list[float] = []
        self.beta: list[float] = []
        self.norm = 0.0  # of the operator, as far as seen
        self.noise = 0.0  # a next vector shorter than this is rounding, not a direction
        self.lost = 0.0  # squared size of the coefficients that symmetry says are zero

    @property
    def steps(self) -> int:
        """The dimension of the Krylov space."""
        return len(self.alpha)

    @property
    def exhausted(self) -> bool:
        """Whether the Krylov space is invariant, so that there is no further vector."""
        return self.beta[-1] == 0.0

    @property
    def rounding(self) -> float:
        """How far rounding and the operator's own error may move an eigenvalue."""
        return self.op.error + math.sqrt(self.lost) + self.noise

    def step(self) -> None:
        """One product with the operator, one more dimension.

        Raises:
            InvalidInputError: the operator is visibly not symmetric.
            NumericalError: the product is not finite, or so large or small that its square is not.
        """
        k = self.steps
        rows = self.basis[: k + 1]
        image = self.op(rows[k])
        size = float(np.linalg.norm(image))
        if not self.steps and 0.0 < float(np.max(np.abs(image))) < _TINY:
            raise NumericalError(
                "`lanczos_extremes(op=...)` must be given an operator of ordinary size. Got a "
                f"product of largest entry {np.max(np.abs(image)):.3g} for a unit vector, the "
                "square of which underflows. Multiply the operator by a power of two, and the "
                "result by its inverse."
            )
        self.norm = max(self.norm, size)
        coefficients = rows @ image
        self._check_symmetry(coefficients, size)
        image = image - rows.T @ coefficients
        image = image - rows.T @ (rows @ image)
        beta = float(np.linalg.norm(image))
        self.noise = 4 * math.sqrt(k + 1) * UNIT_ROUNDOFF * self.norm
        if k + 1 == self.op.size or beta <= self.noise:
            beta = 0.0
        else:
            self.basis[k + 1] = image / beta
        self.alpha.append(float(coefficients[k]))
        self.beta.append(beta)

    def _check_symmetry(self, coefficients: Float[np.ndarray, " k"], size: float) -> None:
        # q_i . A q_k is beta for i = k-1 and zero for i < k-1 if the operator is symmetric.
        expected = np.zeros_like(coefficients)
        if self.steps:
            expected[-2] = self.beta[-1]
        expected[-1] = coefficients[-1]
        off = float(np.linalg.norm(coefficients - expected))
        if off > 1e-8 * self.norm + self.op.error:
            raise InvalidInputError(
                "`lanczos_extremes(op=...)` must be given a symmetric operator. Got |x.Ay - y.Ax| "
                f"= {off:.3g} for unit vectors where |Ay| = {size:.3g}. Without symmetry Ritz "
                "values bound nothing. For a Jacobian J use v -> J(J^T v), with J^T the "
                "transpose of the same J; check for random numbers drawn inside the function."
            )
        self.lost += off**2

    def ends(self, quantile: float) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
        """The two extreme Ritz values, and how far beyond each an eigenvalue can hide."""
        diagonal, off_diagonal = np.array(self.alpha), np.array(self.beta)
        ritz = np.array([self._ritz(i)[0] for i in self._ends])
        # A coupling that vanished in rounding may be as large as the rounding; past the last
        # dimension there is none.
        complete = self.steps == self.op.size
        coupling = off_diagonal if complete else np.maximum(off_diagonal, self.noise)
        below = slack_below(diagonal, coupling, float(ritz[0]), quantile)
        above = slack_below(-diagonal, coupling, -float(ritz[1]), quantile)
        return ritz, np.array([below, above])

    def vectors(self) -> Float[np.ndarray, "2 n"]:
        """The two extreme Ritz vectors."""
        vectors = np.stack([self._ritz(i)[1] @ self.basis[: self.steps] for i in self._ends])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    @property
    def _ends(self) -> tuple[int, int]:
        return 0, self.steps - 1

    def _ritz(self, index: int) -> tuple[float, Float[np.ndarray, " k"]]:
        values, vectors = scipy.linalg.eigh_tridiagonal(
            np.array(self.alpha), np.array(self.beta[:-1]), select="i", select_range=(index, index)
        )
        return float(values[0]), vectors[:, 0]
