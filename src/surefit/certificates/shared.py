"""What all certificates about training from saved weights share: hypotheses, numbers, the step."""

from __future__ import annotations

import math

import numpy as np

from surefit.certificates.point import Point
from surefit.core.check import Check, Evidence, Sense
from surefit.errors import InvalidInputError

__all__ = ["common_quantities", "positive_step", "reach_checks", "shared_checks"]


def shared_checks(point: Point) -> tuple[Check, ...]:
    """What every certificate here needs: J onto, and a bound on how fast it changes."""
    x = np.asarray(point.problem.x).reshape(point.problem.samples, -1)
    distinct = len(np.unique(x, axis=0)) == len(x)
    onto = point.smallest.check("sigma_min(J)^2", 0.0, Sense.GREATER, "J is onto the outputs")
    known = Check(
        "Lipschitz constant of J",
        point.lipschitz(0.0),
        math.inf,
        Sense.LESS,
        note="a bound at the saved weights; NaN: none is known",
    )
    return (
        Check(
            "p",
            float(point.parameters),
            float(point.problem.residuals),
            Sense.AT_LEAST,
            evidence=Evidence.PROVED,
            note="at least as many trained parameters as equations",
        ),
        Check.from_flag("inputs distinct", distinct, evidence=Evidence.PROVED),
        onto,
        known,
    )


def reach_checks(point: Point) -> tuple[Check, ...]:
    """Where the curvature is only known on small balls: room for the shortest possible path."""
    if math.isinf(point.reach) or point.smallest.lower <= 0.0 or point.curvature is None:
        return ()
    kinks = getattr(point.curvature, "kinks", False)
    name = "largest radius without a sign change" if kinks else "largest radius of contraction"
    where = getattr(point.curvature, "limited_by", "")
    return (
        Check(
            name,
            point.reach,
            point.residual / point.sigma.lower,
            Sense.GREATER,
            note=f"||r|| / sigma, which no bound of the path is below; {where}",
        ),
    )


def common_quantities(point: Point) -> dict[str, float]:
    """The quantities of every certificate; NaN what a theorem may add."""
    missing = (
        "lipschitz",
        "condition",
        "fire_residual",
        "radius",
        "rate",
        "exponent",
        "step_size",
        "largest_step",
        "steps_per_decade",
    )
    return {
        "sigma_min": point.sigma.value,
        "sigma_max": math.sqrt(max(point.largest.value, 0.0)),
        "residual": point.residual,
        "loss": point.loss,
        "parameters": float(point.parameters),
        "residuals": float(point.problem.residuals),
        **dict.fromkeys(missing, math.nan),
    }


def positive_step(step_size: float | None) -> float | None:
    """The step as a float.

    Raises:
        InvalidInputError: it is not positive and finite.
    """
    if step_size is None:
        return None
    if not (0.0 < step_size < math.inf):
        raise InvalidInputError(
            f"`certify(step_size=...)` must be a positive number. Got {step_size}. It is the "
            "learning rate of plain gradient descent on the problem's loss. Pass the one that you "
            "trained with, or None for the largest that the theorem allows."
        )
    return float(step_size)
