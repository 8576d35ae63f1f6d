"""Issuing certificates about stochastic gradient descent."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.certificates.diagnosis import diagnose
from surefit.certificates.majorant import knots
from surefit.certificates.point import Point
from surefit.certificates.portable import Unportable, portable
from surefit.certificates.shared import (
    common_quantities,
    positive_step,
    reach_checks,
    shared_checks,
)
from surefit.certificates.stochastic.plan import LONGEST, Ground, Plan, best_plan, statement
from surefit.certificates.wording import number
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Sense
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.rounding import up
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["certify_batches"]

NAME = "stochastic"
THEOREM = "Stochastic gradients of batches (docs/certificates/sgd.md, Theorem 5)"
SCOPE = (
    "Scope: exact stochastic descent from the saved weights, with batches drawn afresh in every "
    "step (not one pass after another in shuffled order), and a probability over these draws; not "
    "the run that led there; evidence float: evaluated in float64, not proved by an independent "
    "program in interval arithmetic."
)
_PIECES = 16  # balls that are tried
_HALVINGS = 60


@float64
def certify_batches(
    problem: Problem, params: Params, batch_size: int, step_size: float | None = None
) -> Certificate:
    r"""That stochastic gradient descent from `params` converges to zero loss, with a probability.

    Every step draws `batch_size` of the n samples, uniformly without replacement and
    independently of the past, and follows n / `batch_size` times the gradient of their part of the
    loss, as `StochasticGradientDescent` does.

    Args:
        problem: network, squared loss and data.
        params: the weights to start from, usually trained or polished ones.
        batch_size: samples per step.
        step_size: of the steps; None: one that the theorem allows.

    Returns:
        A certificate, whether it holds or not; its note says what is missing.

    Raises:
        InvalidInputError: the loss is no squared loss, the parameters do not fit or are not finite,
            the step is not positive, or there is no such batch.

    Cost:
        Two Gram matrices, one spectrum, and 16 curvature bounds.

    References:
        Derived for this project; proof in docs/certificates/sgd.md.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> params, _ = sf.polish(problem, problem.init(0), residual_norm=1e-9, condition=1e-9)
        >>> certify_batches(problem, params, batch_size=1).holds
        True
    """
    _require_batch(problem, batch_size)
    step_size = positive_step(step_size)
    point = Point.at(problem, params)
    shared = (*shared_checks(point), *reach_checks(point))
    numbers = common_quantities(point) | {
        "batch_size": float(batch_size),
        "kappa": math.nan,
        "failure_probability": math.nan,
        "contraction": math.nan,
        "expected_path": math.nan,
    }
    checks, plan = shared, None
    if all(check.holds for check in shared):
        ground = _ground(point, batch_size)
        checks, plan, found = _assess(point, ground, step_size)
        checks, numbers = (*shared, *checks), numbers | found
    claim = _claim(plan, numbers, batch_size, problem.samples)
    holds = all(check.holds for check in checks)
    certificate = Certificate(
        name=NAME,
        statement=f"{claim[:1].upper()}{claim[1:]}." if holds else f"Not shown: {claim}.",
        theorem=THEOREM,
        checks=checks,
        quantities=numbers,
        witness=point.witness(),
        note=" ".join([*diagnose(point, checks, numbers, step_size), SCOPE]),
    )
    if not holds or plan is None:
        return certificate
    written = statement(plan, numbers["step_size"], batch_size)
    try:
        document, arrays = portable(problem, point.params, written)
    except Unportable as reason:
        note = f"{certificate.note} It has no form that the checker reads: {reason}."
        return dataclasses.replace(certificate, note=note)
    return dataclasses.replace(certificate, document=document, witness=arrays)


def _require_batch(problem: Problem, batch_size: int) -> None:
    if isinstance(batch_size, bool) or not 1 <= batch_size <= problem.samples:
        raise InvalidInputError(
            f"`certify(batch_size=...)` must be a whole number from 1 to the number of samples, "
            f"{problem.samples}. Got {batch_size}. A batch is drawn without replacement. Pass the "
            "one that you trained with, or leave it out for descent on all samples."
        )


def _ground(point: Point, batch: int) -> Ground:
    """The facts at the saved weights, with the largest Jacobian of a batch."""
    problem = point.problem
    n, k = problem.samples, problem.outputs
    gram = np.asarray(problem.gram(point.params)).reshape(n, k, n, k)
    each = np.arange(n)
    own = np.linalg.eigvalsh(gram[each, :, each, :])[:, -1]
    largest = min(float(np.sum(np.sort(own)[-batch:])), point.largest.upper)
    # Eigenvalues of blocks are as exact as their entries; the checker encloses them.
    kappa = float(up(n / batch * largest * (1.0 + 1e-9)))
    return Ground(point.residual, point.sigma.lower, point.beta, kappa, n)


def _assess(
    point: Point, ground: Ground, step_size: float | None
) -> tuple[tuple[Check, ...], Plan | None, dict[str, float]]:
    """The theorem's own checks, the best plan, and numbers."""
    largest = LONGEST / ground.kappa / point.factor
    short = step_size is None or step_size <= largest
    step = None if step_size is None or not short else step_size * point.factor
    balls = knots(point.lipschitz, ground.sigma, point.affine, _PIECES, point.reach)
    if point.affine:  # any ball will do: one that is hardly ever left
        balls = ((1e9 * ground.beta * ground.residual / ground.sigma**2, 0.0),)
    fire = math.inf if point.affine else _fire_residual(ground, balls, step)
    plan = best_plan(ground, balls, step) if short else None
    if plan is not None and not plan.failure < 0.9:
        plan = None
    numbers = {
        "fire_residual": fire,
        "condition": point.residual / fire if fire > 0.0 else math.inf,
        "lipschitz": point.lipschitz(0.0),
        "largest_step": largest,
        "kappa": ground.kappa,
    }
    if step_size is not None:
        numbers["step_size"] = step_size
    if plan is not None:
        numbers |= {
            "step_size": plan.step / point.factor if step_size is None else step_size,
            "lipschitz": plan.curvature,
            "radius": plan.rho,
            "failure_probability": plan.failure,
            "contraction": plan.contraction,
            "expected_path": plan.path,
        }
    why = "the failure probability is below 1, and all distances are within Lambda's reach"
    checks = [Check("||r||", point.residual, fire, Sense.LESS, note=why)]
    if step_size is not None:
        checks.append(
            Check("step size", step_size, largest, note="1.85 b / (n max ||J_S||^2) over batches S")
        )
    return tuple(checks), plan, numbers


def _fire_residual(
    ground: Ground, balls: tuple[tuple[float, float], ...], step: float | None
) -> float:
    """The residual norm below which there is a plan, by bisection; 0 where there is none at all."""

    def works(residual: float) -> bool:
        plan = best_plan(dataclasses.replace(ground, residual=residual), balls, step)
        return plan is not None and plan.failure < 0.9

    low, high = math.log(1e-300), math.log(ground.sigma * ground.beta / balls[0][1] + 1.0)
    if not works(math.exp(low)):
        return 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if works(math.exp(middle)) else (low, middle)
    return math.exp(low)


def _claim(plan: Plan | None, numbers: dict[str, float], batch: int, samples: int) -> str:
    step = numbers["step_size"]
    with_step = "" if math.isnan(step) else f" with step size {number(step)}"
    text = (
        f"stochastic gradient descent{with_step} from the saved weights, on {batch} of {samples} "
        "samples drawn afresh in every step, converges to weights with zero training loss"
    )
    if plan is None:
        return f"{text} with a positive probability"
    return (
        f"{text} with a probability of at least 1 - {number(plan.failure)} over the draws; in the "
        "mean over the runs that have stayed near so far, the squared distance to them shrinks in "
        f"every step by a factor of at most 1 - {number(plan.contraction)}"
    )
