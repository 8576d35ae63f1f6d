"""The two ends of the spectrum of a symmetric operator, from its products with vectors."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
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
)
from surefit.core.spectrum.recurrence import LanczosRecurrence
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
    *,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    failure_probability: float = 1e-6,
    ends: Literal["both", "smallest", "largest"] = "both",
) -> Extremes:
    r"""The smallest and the largest eigenvalue of a symmetric operator by the Lanczos method.

    The start vector is uniformly random on the sphere, and every new vector is orthogonalised twice
    against all before it. What is guaranteed about a Ritz pair $(\theta, y)$, say at the lower end:

    * *For certain* (evidence `float`): $\lambda_{\min} \le \theta$ up to rounding, and some
      eigenvalue lies within `residuals[0]` of $\theta$. A residual, however small, does **not** say
      that this eigenvalue is the extreme one: a start vector orthogonal to the extreme eigenvector
      never sees it.
    * *With probability at least* $1 - \delta$ over the start (evidence `sampled`): $\lambda_{\min}$
      is not below `smallest.lower`. This end is found from the computed tridiagonal matrix: an
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
        NumericalError: a product is not finite, or of a size that cannot be squared.
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
    run = LanczosRecurrence(op, limit, seed)
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


def rayleigh(op: SymmetricOperator, vector: Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    r"""The Rayleigh quotient of a nearly unit vector, a bound on its error and on the residual."""
    n = op.size
    image = op(vector)
    square = float(vector @ vector)
    value = float(vector @ image) / square
    size = frobenius_norm_bound(image)
    # Inner products have relative error gamma_n in the norms; the vector has length one up to that.
    stretch = 1.0 + 4 * gamma(n + 8)
    error = (2 * gamma(n + 4) * (size + abs(value)) + op.error) * stretch
    residual = frobenius_norm_bound(image - value * vector)
    residual += 2 * UNIT_ROUNDOFF * (size + 2 * abs(value))
    return value, float(up(error)), float(up((residual + op.error) * stretch))


def _extremes(
    op: SymmetricOperator,
    run: LanczosRecurrence,
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
