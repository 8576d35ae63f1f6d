"""Issuing certificates about descent in float64, down to its rounding floor."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from surefit.certificates.diagnosis import diagnose
from surefit.certificates.floor.plan import MOST, Ground, Plan, best_plan, fire_residual
from surefit.certificates.floor.rounding import bounded, measured
from surefit.certificates.floor.telling import StepRounding, claim, remarks
from surefit.certificates.majorant import knots
from surefit.certificates.point import Point
from surefit.certificates.portable import Statement, Unportable, described
from surefit.certificates.shadowing.layers import obstacle, two_layers
from surefit.certificates.shared import (
    common_quantities,
    positive_step,
    reach_checks,
    shared_checks,
)
from surefit.certificates.wording import steps_per_decade
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Evidence, Sense
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["certify_floor"]

THEOREM = "Descent with errors (docs/certificates/rounding.md, Theorem 2)"
SCOPE = (
    "Scope: descent from the saved weights for so many steps, not the run that led there, nothing "
    "after them; the floor is an upper bound, and need not be reached; evidence float: evaluated "
    "in float64, not proved by an independent program in interval arithmetic."
)


@float64
def certify_floor(
    problem: Problem,
    params: Params,
    step_size: float | None = None,
    steps: int | None = None,
) -> Certificate:
    r"""That descent in float64 from `params` falls to its rounding floor, and stays near for long.

    Exact descent converges to zero loss; in float64 every step is off by up to $\varepsilon$. The
    residual norm still falls by a factor per step, down to a floor proportional to $\varepsilon$,
    and the weights stay on a ball, for as many steps as the errors leave room for.

    For two dense layers with a smooth activation $\varepsilon$ is a bound of the rounding errors,
    which the checker computes again. For other networks the rounding is measured (float32 against
    float64), and the statement is about every descent whose steps are off by no more.

    Args:
        problem: network, squared loss and data.
        params: the weights to start from, usually trained or polished ones.
        step_size: of descent on the problem's loss; None: as long as the theorem allows.
        steps: that are to be covered; None: as many as half of the room allows, up to $2^{30}$.

    Returns:
        A certificate, whether it holds or not; its note says what is missing.

    Raises:
        InvalidInputError: the loss is no squared loss, the parameters do not fit or are not finite,
            or the step or their number is not positive.

    Cost:
        As `certify`, and one forward pass.

    References:
        Derived for this project; proof in docs/certificates/rounding.md.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(64, weight_std=2.0), sf.Tanh(), sf.Dense(1))
        >>> problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> params, _ = sf.polish(problem, problem.init(0))
        >>> certify_floor(problem, params).holds
        True
    """
    step_size = positive_step(step_size)
    _require_steps(steps)
    return issue_floor(Point.at(problem, params), step_size, steps)


def issue_floor(
    point: Point, step_size: float | None = None, steps: int | None = None
) -> Certificate:
    """`certify_floor` where the facts are known already."""
    shared = (*shared_checks(point), *reach_checks(point))
    names = ("steps", "error", "floor", "steps_to_floor")
    numbers = common_quantities(point) | dict.fromkeys(names, math.nan)
    try:
        document, arrays = described(point.problem, point.params)
        unportable = ""
    except Unportable as reason:
        document, arrays, unportable = None, point.witness(), str(reason)
    rounding, checks, plan = StepRounding(None, "any"), shared, None
    if all(check.holds for check in shared):
        rounding = _rounding(point, document, arrays)
        own, plan, found = _assess(point, rounding, step_size, steps)
        checks, numbers = (*shared, *own), numbers | found
    holds = all(check.holds for check in checks)
    told = claim(point, plan, numbers, rounding)
    advice = diagnose(point, checks, numbers, step_size)
    if holds and plan is not None:
        advice = [*advice, *remarks(point, plan, rounding)]
    if unportable:
        advice.append(f"It has no form that the checker reads: {unportable}.")
    certificate = Certificate(
        name="floor",
        statement=f"{told[:1].upper()}{told[1:]}." if holds else f"Not shown: {told}.",
        theorem=THEOREM,
        checks=checks,
        quantities=numbers,
        witness=arrays,
        note=" ".join([*advice, SCOPE]),
    )
    if not holds or plan is None or document is None:
        return certificate
    written = Statement(
        "floor",
        rho=plan.rho,
        step_size=numbers["step_size"],
        steps=plan.steps,
        error=plan.error,
        arithmetic=rounding.arithmetic,
    ).written()
    return dataclasses.replace(certificate, document={**document, "statement": written})


def _require_steps(steps: int | None) -> None:
    if steps is not None and (isinstance(steps, bool) or not 1 <= steps <= MOST):
        raise InvalidInputError(
            f"`certify_floor(steps=...)` must be a whole number from 1 to {MOST}, or None. Got "
            f"{steps}. It is how many steps the statement covers; the format has no larger "
            "numbers. Leave it out for as many as can be covered."
        )


def _rounding(
    point: Point, document: dict[str, Any] | None, arrays: dict[str, np.ndarray]
) -> StepRounding:
    reason = "a network without a form in the certificate format"
    if document is not None:
        reason = obstacle(document["network"]["layers"])
        if not reason:
            return StepRounding(bounded(two_layers(document, arrays)), "float64")
    return StepRounding(measured(point), "any", reason)


def _assess(
    point: Point, rounding: StepRounding, step_size: float | None, steps: int | None
) -> tuple[list[Check], Plan | None, dict[str, float]]:
    """The theorem's own checks, the plan, and numbers."""
    ground = Ground(point.residual, point.sigma.lower, point.beta)
    balls = knots(point.lipschitz, ground.sigma, point.affine, reach=point.reach)
    fire = fire_residual(ground, balls)
    numbers = {
        "fire_residual": fire,
        "condition": point.residual / fire if fire > 0.0 else math.inf,
        "lipschitz": point.lipschitz(0.0),
    }
    why = "sigma^2 / (2 Lambda): room for the errors of some steps"
    checks = [Check("||r||", point.residual, fire, Sense.LESS, note=why)]
    if rounding.errors is None:
        told = "the gradient cannot be computed in float32, which would show its rounding"
        return [*checks, Check.undecided("error of a step", told)], None, numbers
    step = None if step_size is None else step_size * point.factor
    plan = best_plan(ground, balls, rounding.errors, step, steps)
    if plan is None:
        return checks, None, numbers
    step = plan.step / point.factor if step_size is None else step_size
    largest = plan.largest / point.factor
    # A step or its inverse is rounded where both meet.
    checks.append(Check("step size", step, largest, note="1 / sup ||J||^2 on the ball"))
    checks.append(
        Check(
            "steps covered",
            float(plan.steps),
            float(steps or 1),
            Sense.AT_LEAST,
            note="the room of the residual over (sup ||J|| + sigma) times the error of a step",
        )
    )
    if rounding.arithmetic == "any":
        own = "measured at one point: 16 times the difference of float32 and float64, over 2^29"
        shown = plan.error / 1.02
        checks.append(
            Check("rounding of a step", shown, plan.error, evidence=Evidence.SAMPLED, note=own)
        )
    factor = 1.0 - plan.contraction
    numbers |= {
        "lipschitz": plan.curvature,
        "radius": plan.path,
        "rate": factor,
        "steps_per_decade": steps_per_decade(factor),
        "step_size": step,
        "largest_step": largest,
        "steps": float(plan.steps),
        "error": plan.error,
        "error_cost": plan.cost,
        "error_room": plan.room,
        "floor": plan.floor,
        "steps_to_floor": plan.reached(point.residual),
    }
    return checks, plan, numbers
