r"""The numbers of Theorem 5: which ball and which growth make the failure least probable."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["Ground", "Plan", "best_plan", "restated", "statement"]

OMEGA = 1.0718  # 2 / (1 + sqrt(1 - 2 h)) at h = 1/8, rounded up
LONGEST = 1.85  # of eta kappa
OWN = 0.5  # eta kappa of a step of our own choice
_GRID = 256
# The checker encloses every number; so much worse are the ones that it is asked about.
_ROOM = 1.02


@dataclasses.dataclass(frozen=True)
class Ground:
    r"""What is known at the saved weights.

    Args:
        residual: $\lVert r_0\rVert$.
        sigma: a lower bound of $\sigma_{\min}(J)$.
        beta: an upper bound of $\lVert J\rVert$.
        kappa: $\frac nb\max_S\lVert J_S\rVert^2$ or more.
        samples: n.
    """

    residual: float
    sigma: float
    beta: float
    kappa: float
    samples: int

    def kappa_within(self, moved: float) -> float:
        r"""$\kappa$ where J has moved by at most `moved`, as has then every $J_i$."""
        return (math.sqrt(self.kappa) + math.sqrt(self.samples) * moved) ** 2


@dataclasses.dataclass(frozen=True)
class Plan:
    r"""A ball and a growth for which Theorem 5 speaks.

    Args:
        rho: radius of the ball.
        step: $\eta$ of descent on $\tfrac12\lVert r\rVert^2$.
        growth: A, the factor by which squared distances may grow on the way.
        failure: bound of the probability to leave.
        path: bound of the expected length of the path.
        contraction: $a$: squared distances shrink by $1 - a$ in the mean.
        curvature: $\Lambda$ on the ball.
    """

    rho: float
    step: float
    growth: float
    failure: float
    path: float
    contraction: float
    curvature: float


def best_plan(
    ground: Ground, knots: Iterable[tuple[float, float]], step: float | None
) -> Plan | None:
    r"""The plan with the smallest failure probability over the given balls.

    Args:
        ground: facts at the saved weights.
        knots: (radius, $\Lambda$ on the ball of that radius).
        step: $\eta$; None: half of $1/\kappa$.

    Returns:
        The best one; None where no ball fulfils the conditions.
    """
    found = [_plan(ground, rho, curvature, step) for rho, curvature in knots]
    return min((one for one in found if one is not None), key=lambda one: one.failure, default=None)


def _plan(ground: Ground, rho: float, curvature: float, step: float | None) -> Plan | None:
    moved = curvature * rho
    sigma, beta = ground.sigma - moved, ground.beta + moved
    if not sigma > 0.0:
        return None
    kappa = ground.kappa_within(moved)
    eta = OWN / kappa if step is None else step
    c = LONGEST + 0.006 - eta * kappa
    distance = OMEGA * ground.residual / sigma
    if eta * kappa >= LONGEST or 8.0 * curvature * ground.residual > sigma**2 or distance > rho:
        return None
    path = 2.3 * math.sqrt(kappa) * ground.residual / (c * sigma**2)
    margin = OMEGA * beta * distance / sigma  # at growth 1
    widest = rho / margin if margin > 0.0 else math.inf
    if curvature * distance > 0.0:
        widest = min(widest, sigma**2 / (8.0 * curvature * beta * distance))
    widest = min(widest, 1e12) * (1.0 - 1e-9)
    if not widest > 1.0:
        return None
    roots = np.geomspace(1.0, widest, _GRID)[1:]  # of the growth
    failures = roots**-2 + path / np.maximum(rho - margin * roots, 1e-300)
    best = int(np.argmin(failures))
    return Plan(
        rho=rho,
        step=eta,
        growth=float(roots[best] ** 2),
        failure=float(failures[best]),
        path=path,
        contraction=0.87 * c * eta * sigma**2,
        curvature=curvature,
    )


def statement(plan: Plan, step_size: float, batch_size: int) -> dict[str, Any]:
    """What the format of certificates says, with room for the checker's rounding."""
    return {
        "kind": "stochastic",
        "rho": plan.rho.hex(),
        "step_size": step_size.hex(),
        "batch_size": batch_size,
        "growth": plan.growth.hex(),
        "failure_probability": (_ROOM * plan.failure).hex(),
    }


def restated(
    document: Mapping[str, Any], quantities: Mapping[str, float], numbers: Mapping[str, float]
) -> dict[str, Any] | None:
    """A statement for which the numbers of a checker with coarser bounds are good enough.

    Args:
        document: the certificate that was not proved.
        quantities: the issuer's numbers.
        numbers: the checker's `residual_norm`, `sigma_min`, `jacobian_norm` and `lipschitz`, the
            latter on the ball of the statement, so that only smaller balls are tried.

    Returns:
        Another statement about the same step; None where these numbers allow none.
    """
    names = ("residual_norm", "sigma_min", "jacobian_norm", "lipschitz")
    if not all(name in numbers for name in names):
        return None
    residual, sigma, beta, curvature = (numbers[name] for name in names)
    samples = document["arrays"][document["network"]["inputs"]]["shape"][0]
    ground = Ground(residual, sigma, beta, quantities["kappa"], samples)
    written = document["statement"]
    rho, step = float.fromhex(written["rho"]), float.fromhex(written["step_size"])
    knots = [(rho * share, curvature) for share in np.geomspace(1e-3, 1.0, 30).tolist()]
    plan = best_plan(ground, knots, step * 2.0 * float.fromhex(document["loss"]["scale"]))
    if plan is None or not _ROOM * plan.failure < 1.0:
        return None
    found = statement(plan, step, written["batch_size"])
    return None if found == written else found
