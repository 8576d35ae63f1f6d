"""From the end of a run to a certificate in words, numbers and checks."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from surefit.certificates.point import Point
from surefit.certificates.shadowing.ending import Ending
from surefit.certificates.wording import number, rate, steps_per_decade
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Sense

__all__ = ["Run", "issued"]

THEOREM = (
    "Shadowing and Kantorovich's majorant for gradient descent (docs/certificates/shadowing.md, "
    "Theorem 4, and docs/certificates/descent.md, Theorem 1)"
)
SCOPE = (
    "Scope: gradient descent in exact arithmetic from the saved initial weights; evidence float: "
    "the run and its bounds evaluated in float64. The checker repeats the run with bounds of every "
    "rounding error, assuming IEEE-754 arithmetic, products of matrices that are sums of products, "
    "and elementary functions with errors below 2^-48."
)


@dataclasses.dataclass(frozen=True)
class Run:
    r"""A run from initialisation.

    Args:
        start: the facts at the initial weights.
        end: what Theorem 1 says at the last ones; None where the run left the range of float64.
        step_size: on the problem's loss.
        steps: how many.
        radius: how far the exact run may be from the float run after them.
        amplification: G.
        sharpest: the largest $\hat\eta\lVert J\rVert^2$ that was seen.
        condition: that was asked for.
    """

    start: Point
    end: Ending | None
    step_size: float
    steps: int
    radius: float
    amplification: float
    sharpest: float
    condition: float


def issued(run: Run, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> Certificate:
    """The certificate; with a document where it holds."""
    checks, claim, quantities = _checks(run), _claim(run), _quantities(run)
    holds = all(check.holds for check in checks)
    certificate = Certificate(
        name="shadowing",
        statement=claim if holds else f"Not shown: {claim[0].lower()}{claim[1:]}",
        theorem=THEOREM,
        checks=checks,
        quantities=quantities,
        witness=arrays,
        note=" ".join([*_advice(run), SCOPE]),
    )
    if not holds or run.end is None:
        return certificate
    statement = {
        "kind": "shadowing",
        "rho": run.end.rho.hex(),
        "step_size": float(run.step_size).hex(),
        "steps": run.steps,
    }
    return dataclasses.replace(certificate, document={**document, "statement": statement})


def _exact(steps: int) -> str:
    return f"{steps:,}".replace(",", " ")


def _checks(run: Run) -> tuple[Check, ...]:
    end = run.end
    step = Check(
        "step * ||J||^2",
        run.sharpest if end is not None else math.inf,
        2.0,
        note="largest value seen along the run; beyond 2 descent amplifies errors in every step",
    )
    residual = math.nan if end is None else end.residual
    fire = math.nan if end is None else end.fire
    reached = Check(
        "||r|| of the exact run at the end",
        residual,
        fire,
        Sense.LESS,
        note="residual of the float run plus ||J|| times the radius of the shadow",
    )
    rho = math.nan if end is None else end.rho
    return step, reached, Check.from_flag("the majorant reaches zero", not math.isnan(rho))


def _claim(run: Run) -> str:
    bare = (
        f"Exact gradient descent with step size {number(run.step_size)} from these initial weights "
        "converges to zero training loss"
    )
    if run.end is None or math.isnan(run.end.rho):
        return f"{bare}."
    return (
        f"{bare}: after {_exact(run.steps)} steps it is within {number(run.radius)} of the float64 "
        f"run, the norm of whose residual is then {number(run.end.point.residual)}; from there on "
        f"the residual norm shrinks by a factor of at most {rate(run.end.rate)} in every step, and "
        f"the rest of the path is no longer than {number(run.end.path)}."
    )


def _quantities(run: Run) -> dict[str, float]:
    end, start = run.end, run.start
    known = {
        "steps": float(run.steps),
        "shadow_radius": run.radius,
        "amplification": run.amplification,
        "step_size": float(run.step_size),
        "parameters": float(start.parameters),
        "residuals": float(start.problem.residuals),
    }
    names = ("sigma_min", "sigma_max", "residual", "loss", "lipschitz", "condition")
    names += ("fire_residual", "radius", "rate", "steps_per_decade")
    if end is None:
        return known | dict.fromkeys(names, math.nan)
    point = end.point
    return known | {
        "sigma_min": point.sigma.value,
        "sigma_max": math.sqrt(max(point.largest.value, 0.0)),
        "residual": point.residual,
        "loss": point.loss,
        "lipschitz": point.lipschitz(0.0),
        "condition": end.condition,
        "fire_residual": end.fire,
        "radius": end.path,
        "rate": end.rate,
        "steps_per_decade": steps_per_decade(end.rate),
    }


def _advice(run: Run) -> list[str]:
    """What to change where the certificate does not hold, or may not pass the checker."""
    end = run.end
    if end is None or run.sharpest > 2.0:
        return [
            f"The step {number(run.step_size)} is too large: descent is stable only below 2 / "
            f"||J||^2, {number(2.0 / (run.start.largest.upper * run.start.factor))} at the initial "
            "weights. Take a smaller one, or None."
        ]
    if end.condition <= run.condition:
        return []
    if run.start.smallest.lower <= 0.0 or end.fire <= 0.0:
        return [
            "J is not onto within rounding: some inputs may coincide, or the network is too narrow."
            " Remove the mean of the features, widen the network or scale the first layer up."
        ]
    if end.point.beta * run.radius > 0.5 * run.condition * end.fire:
        return [
            f"Rounding errors may have grown by a factor of exp({number(run.amplification)}) to "
            f"{number(run.radius)}, too much for the end to be certified. A wider network or a "
            "larger scale of the first layer makes descent less expansive."
        ]
    return [
        f"C is {number(end.condition)} after {_exact(run.steps)} steps, wanted was "
        f"{number(run.condition)}. Allow more steps (`most_steps`)."
    ]
