"""The two ends of the spectrum of a symmetric operator, from its products with vectors."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
import scipy.linalg
from jaxtyping import Float

from surefit.core.check import Evidence
from surefit.core.memory import require_bytes
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, down, frobenius_norm_bound, gamma, up
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.core.spectrum.random_start import (
    check_probability,
    kuczynski_wozniakowski,
    overlap_quantile,
    slack_below,
)
from surefit.errors import InvalidInputError

__all__ = ["Extremes", "lanczos_extremes"]

_CHECK_EVERY = 5


@dataclasses.dataclass(frozen=True)
class Extremes:
    r"""The two ends of a spectrum as Lanczos sees them.

    Args:
        smallest: the smallest eigenvalue. Its upper end is certain, its lower end sampled.
        largest: the largest eigenvalue. Its lower end is certain, its upper end sampled.
        residuals: $\|Ay - \theta y\|/\|y\|$ for the two Ritz pairs, with rounding and the error of
            the operator: within this distance of the value lies *some* eigenvalue, for certain.
        vectors: the two unit Ritz vectors, as rows.
        steps: the dimension of the Krylov space.
        converged: whether the tolerance was reached at the ends that were asked for.
        failure_probability: a bound on the probability that one of the two enclosures fails.
        a_priori_probability: the same by Kuczynski and Wozniakowski's bound, which looks at no
            computed number but the number of steps and the widths; 1 says nothing.
    """

    smallest: Enclosure
    largest: Enclosure
    residuals: tuple[float, float]
    vectors: Float[np.ndarray, "2 n"] = dataclasses.field(repr=False)
    steps: int
    converged: bool
    failure_probability: float
    a_priori_probability: float


@float64
def lanczos_extremes(
    op: SymmetricOperator,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    failure_probability: float = 1e-6,
    ends: Literal["both", "smallest", "largest"] = "both",
) -> Extremes:
    r"""The smallest and the largest eigenvalue of a symmetric operator by the Lanczos method.

    The start vector is uniformly random on the sphere, and every new vector is orthogonalised twice
    against all before it. What is guaranteed about a Ritz pair $(\theta, y)$, say at the lower end:

    * *For certain* (evidence `float`): $\lambda_{\min} \le \theta$ up to rounding, and some eigenvalue
      lies within `residuals[0]` of $\theta$. A residual, however small, does **not** say that this
      eigenvalue is the extreme one: a start vector orthogonal to the extreme eigenvector never
      sees it.
    * *With probability at least* $1 - \delta$ over the start (evidence `sampled`): $\lambda_{\min}$ is
      not below `smallest.lower`. This end is found from the computed tridiagonal matrix: an
      eigenvalue further out would need a start with an overlap that a random one has with
      probability at most $\delta/2$ (see `slack_below`). The statement is one of exact arithmetic;
      the rounding of the recurrence enters as the estimate $4\sqrt{k}\,u\,\|A\|$ plus the measured
      loss of symmetry, and is not proved.

    Args:
        op: the operator.
        seed: of the start vector.
        tolerance: stop when the half-open interval between $\theta$ and the sampled end is shorter
            than `tolerance` times $|\theta|$, or than rounding allows.
        max_iterations: the largest Krylov dimension; by default the size, at most 1000. Where it
            is reached first, `converged` is False and the enclosures are as wide as they must be.
        failure_probability: $\delta$ for both ends together.
        ends: which ends must reach the tolerance; both are enclosed in any case.

    Returns:
        Enclosures of both ends with what is known about them.

    Raises:
        InvalidInputError: an argument out of range, or an operator that is visibly not symmetric.
        NumericalError: a product is not finite.
        MemoryLimitError: the Krylov basis would not fit into memory.

    Cost:
        $k + 2$ products with the operator, $4k^2n$ operations and $8kn$ bytes.

    References:
        B. N. Parlett, The Symmetric Eigenvalue Problem, SIAM 1998, chapter 13 and Theorem 4.5.1
        (residuals); Kuczynski and Wozniakowski (1992); van Dorsselaer, Hochstenbach and van der
        Vorst (2000): see `surefit.core.spectrum.random_start`.
    """
    check_probability(failure_probability, "lanczos_extremes")
    limit = _limit(op, tolerance, max_iterations)
    quantile = overlap_quantile(op.size, failure_probability / 2)
    run = _Recurrence(op, limit, seed)
    needed = {"both": (0, 1), "smallest": (0,), "largest": (1,)}[ends]
    next_look = _CHECK_EVERY
    while True:
        run.step()
        last = run.exhausted or run.steps == limit
        if not last and run.steps < next_look:
            continue
        next_look = run.steps + max(_CHECK_EVERY, run.steps // 10)
        values, slacks = run.ends(quantile)
        allowed = np.maximum(tolerance * np.abs(values), 2 * run.rounding)
        converged = all(slacks[end] + run.rounding <= allowed[end] for end in needed)
        if converged or last:
            break
    return _extremes(op, run, slacks, converged, failure_probability)


def _limit(op: SymmetricOperator, tolerance: float, max_iterations: int | None) -> int:
    if not 0.0 < tolerance < 1.0:
        raise InvalidInputError(
            "`lanczos_extremes(tolerance=...)` must be a relative width between 0 and 1. Got "
            f"{tolerance}. It says how far the two ends of an enclosure may lie apart. Pass 1e-6."
        )
    if max_iterations is not None and max_iterations < 1:
        raise InvalidInputError(
            f"`lanczos_extremes(max_iterations=...)` must be at least 1. Got {max_iterations}. One "
            "step gives one Ritz value. Leave it out to let the tolerance decide."
        )
    limit = min(op.size, 1000 if max_iterations is None else max_iterations)
    require_bytes(
        8 * (limit + 4) * op.size,
        f"A Krylov basis of {limit} vectors of length {op.size}",
        f"Pass a smaller `max_iterations` than {limit}; the enclosures get wider, not wrong.",
    )
    return limit


class _Recurrence:
    """The Lanczos recurrence with full reorthogonalisation, one step at a time."""

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
        k = self.steps
        rows = self.basis[: k + 1]
        image = self.op(rows[k])
        size = float(np.linalg.norm(image))
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


def rayleigh(op: SymmetricOperator, vector: Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    r"""The Rayleigh quotient of a nearly unit vector, a bound on its error and on the residual."""
    n = op.size
    image = op(vector)
    square = float(vector @ vector)
    value = float(vector @ image) / square
    size = frobenius_norm_bound(image)
    # Inner products have relative error gamma_n in the norms; the vector has norm one up to gamma_n.
    stretch = 1.0 + 4 * gamma(n + 8)
    error = (2 * gamma(n + 4) * (size + abs(value)) + op.error) * stretch
    residual = frobenius_norm_bound(image - value * vector)
    residual += 2 * UNIT_ROUNDOFF * (size + 2 * abs(value))
    return value, float(up(error)), float(up((residual + op.error) * stretch))


def _extremes(
    op: SymmetricOperator,
    run: _Recurrence,
    slacks: Float[np.ndarray, " 2"],
    converged: bool,
    failure_probability: float,
) -> Extremes:
    vectors = run.vectors()
    (low, low_error, low_residual), (high, high_error, high_residual) = (
        rayleigh(op, vector) for vector in vectors
    )
    below = max(float(slacks[0]), low_residual) + run.rounding + low_error
    above = max(float(slacks[1]), high_residual) + run.rounding + high_error
    sampled = {"evidence": Evidence.SAMPLED, "failure_probability": failure_probability}
    smallest = Enclosure(float(down(low - below)), low, float(up(low + low_error)), **sampled)
    largest = Enclosure(float(down(high - high_error)), high, float(up(high + above)), **sampled)
    spread = largest.upper - smallest.lower
    a_priori = sum(
        kuczynski_wozniakowski(op.size, run.steps, gap / spread if spread > 0 else 0.0)
        for gap in (below, above)
    )
    return Extremes(
        smallest=smallest,
        largest=largest,
        residuals=(low_residual, high_residual),
        vectors=vectors,
        steps=run.steps,
        converged=converged,
        failure_probability=failure_probability,
        a_priori_probability=min(1.0, a_priori),
    )
