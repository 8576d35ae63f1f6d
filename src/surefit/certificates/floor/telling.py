"""What a certificate about float64 says, and what it says of the rounding of a step."""

from __future__ import annotations

import dataclasses

from surefit.certificates.floor.plan import Errors, Plan
from surefit.certificates.point import Point
from surefit.certificates.wording import count, number, rate

__all__ = ["StepRounding", "claim", "remarks"]


@dataclasses.dataclass(frozen=True)
class StepRounding:
    """What is known about the rounding of a step.

    Args:
        errors: how far a step is off; None where nothing is known.
        arithmetic: `float64` where that is a bound which the checker computes again.
        reason: why it is none; empty if it is.
    """

    errors: Errors | None
    arithmetic: str
    reason: str = ""


def claim(
    point: Point, plan: Plan | None, numbers: dict[str, float], rounding: StepRounding
) -> str:
    """What the theorem concludes, with its numbers; without a plan the bare claim."""
    where = "in float64" if rounding.arithmetic == "float64" else "with errors in its steps"
    if plan is None or plan.steps < 1:
        return (
            f"gradient descent {where} from the saved weights stays near them, and its residual "
            "falls linearly down to a floor"
        )
    off = "in float64" if rounding.arithmetic == "float64" else "in any arithmetic"
    return (
        f"gradient descent {off} with step size {number(numbers['step_size'])} from the saved "
        f"weights, whose steps are off by no more than {number(plan.error)}, stays within "
        f"{number(plan.path)} of them for {count(float(plan.steps))} steps, and after k of these "
        f"the residual norm, now {number(point.residual)}, is at most {number(point.residual)} "
        f"({rate(1.0 - plan.contraction)})^k + {number(plan.floor)}"
    )


def remarks(point: Point, plan: Plan, rounding: StepRounding) -> list[str]:
    """What a reader of a certificate that holds has to know besides."""
    told = []
    if rounding.arithmetic == "any":
        told.append(
            "How far a step in float64 is off is proved for two dense layers with a smooth "
            f"activation only, here it is measured ({rounding.reason}). The statement is about "
            "every descent whose steps are off by no more than that, whatever computes them."
        )
    if plan.floor >= point.residual:
        told.append(
            "The residual is below the floor already: rounding may bring it up to there, and no "
            "further within these steps."
        )
    elif plan.reached(point.residual) <= plan.steps:
        told.append(
            f"The floor is reached after about {count(plan.reached(point.residual))} steps."
        )
    else:
        told.append(
            f"To the floor it would take about {count(plan.reached(point.residual))} steps, more "
            "than are covered. A wider network, or a smaller residual, leaves room for more."
        )
    return told
