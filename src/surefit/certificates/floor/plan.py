r"""The numbers of Theorem 2: a ball, a number of steps, and the floor that they lead to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["MOST", "Ground", "Plan", "best_plan", "fire_residual", "restated"]

MOST = 2**30  # steps that the format can speak of
# The checker encloses every number, and its curvature bound may be larger: how much longer than
# the path the radius is, how much of the longest step is taken, how much the error is rounded up.
_ROOM, _STEP, _ERROR = 1.1, 1.0 - 1e-3, 1.02

Errors = Callable[[float, float, float, float], float]
"""From radius, residual norm, norm of the Jacobian and step to the error of a step."""


@dataclasses.dataclass(frozen=True)
class Ground:
    r"""What is known at the saved weights.

    Args:
        residual: $\lVert r_0\rVert$.
        sigma: a lower bound of $\sigma_{\min}(J)$.
        beta: an upper bound of $\lVert J\rVert$.
    """

    residual: float
    sigma: float
    beta: float


@dataclasses.dataclass(frozen=True)
class Plan:
    r"""What Theorem 2 says for one ball and one number of steps.

    Args:
        rho: radius of the ball.
        curvature: $\Lambda$ on it.
        step: $\hat\eta$, on $\tfrac12\lVert r\rVert^2$.
        largest: the largest such step.
        error: $\varepsilon$.
        cost: what the error of one step takes from the room of the residual,
            $(\bar\beta + \sigma)\varepsilon$.
        room: how much may be taken in all.
        steps: n.
        path: $s^*$.
        contraction: $\hat\eta\mu$.
        floor: $\bar\beta\varepsilon/(\hat\eta\mu)$.
    """

    rho: float
    curvature: float
    step: float
    largest: float
    error: float
    cost: float
    room: float
    steps: int
    path: float
    contraction: float
    floor: float

    def reached(self, residual: float) -> float:
        """Steps after which the part of the residual that falls is no larger than the floor."""
        if residual <= self.floor or self.contraction >= 1.0:
            return 1.0
        return math.log(residual / self.floor) / -math.log1p(-self.contraction)


def fire_residual(ground: Ground, knots: Iterable[tuple[float, float]]) -> float:
    r"""The largest residual norm for which some ball holds the whole way of exact descent."""
    return max((_drop(ground.sigma, rho, curvature) for rho, curvature in knots), default=0.0)


def _drop(sigma: float, rho: float, curvature: float) -> float:
    s = min(rho, sigma / curvature) if curvature > 0.0 else rho
    return sigma * s - 0.5 * curvature * s * s if math.isfinite(s) else math.inf


def best_plan(
    ground: Ground,
    knots: Iterable[tuple[float, float]],
    errors: Errors,
    step: float | None = None,
    steps: int | None = None,
) -> Plan | None:
    r"""The plan with so many steps that their errors take half of the room of the residual.

    Half of the room costs at most a factor of 2 of the rate, and leaves as many steps.

    Args:
        ground: facts at the saved weights.
        knots: (radius, $\Lambda$ on the ball of that radius), ascending.
        errors: how far a step may be off.
        step: $\hat\eta$; None: as long as the theorem allows.
        steps: n; None: as many as half of the room and the format allow.

    Returns:
        A plan, with no steps where even one takes too much; None where the residual has no room on
        any ball. `step` may be longer than the plan's `largest`.
    """
    knots = tuple(knots)
    r, sigma = ground.residual, ground.sigma
    fire = fire_residual(ground, knots)
    if not r < fire:
        return None
    # Of one step near the saved weights; more room than so many steps need makes no use.
    length = 1.0 / ground.beta**2 if step is None else step
    small = errors(r / sigma, r, ground.beta, length)
    needed = 2.0 * (MOST if steps is None else steps) * (ground.beta + sigma) * small
    room = min(0.5 * (fire - r), needed)
    found = [_ball(r + room, sigma, rho, curvature) for rho, curvature in knots]
    rho, curvature = min(one for one in found if one is not None)
    beta = ground.beta + curvature * rho
    largest = 1.0 / beta**2
    step = _STEP / (beta + curvature * rho) ** 2 if step is None else step
    error = _ERROR * errors(rho, r + room, beta, step)
    cost = (beta + sigma) * error
    most = min(int(room / cost) if room / cost < MOST else MOST, steps or MOST)
    path = _path(r + most * cost, sigma, curvature)
    contraction = step * (sigma - curvature * path) ** 2
    floor = beta * error / contraction
    return Plan(rho, curvature, step, largest, error, cost, room, most, path, contraction, floor)


def _path(residual: float, sigma: float, curvature: float) -> float:
    return 2.0 * residual / (sigma + math.sqrt(max(sigma**2 - 2.0 * curvature * residual, 0.0)))


def _ball(
    residual: float, sigma: float, rho: float, curvature: float
) -> tuple[float, float] | None:
    """A ball within this one that holds the way from a residual, and its curvature."""
    if not residual < _drop(sigma, rho, curvature):
        return None
    return min(_ROOM * _path(residual, sigma, curvature), rho), curvature


def restated(document: Mapping[str, Any], numbers: Mapping[str, float]) -> dict[str, Any] | None:
    """A statement for which the numbers of a checker with coarser bounds are good enough.

    Args:
        document: the certificate that was not proved.
        numbers: the checker's `residual_norm`, `sigma_min`, `jacobian_norm`, `lipschitz` (on the
            ball of the statement, so that only smaller balls are tried) and, if it came so far,
            `rounding`.

    Returns:
        Another statement about the same step, with fewer steps maybe; None where these numbers
        allow none.
    """
    names = ("residual_norm", "sigma_min", "jacobian_norm")
    if not all(name in numbers for name in (*names, "lipschitz")):
        return None
    written = document["statement"]
    rho, step, error = (float.fromhex(written[key]) for key in ("rho", "step_size", "error"))
    step *= 2.0 * float.fromhex(document["loss"]["scale"])
    error = max(error / _ERROR, numbers.get("rounding", 0.0))
    knots = [(rho * share, numbers["lipschitz"]) for share in (0.03, 0.1, 0.3, 0.6, 1.0)]
    ground = Ground(*(numbers[name] for name in names))
    # With fewer steps the ball is smaller, and a longer step allowed there.
    for share in (1, 4, 16, 64, 256):
        plan = best_plan(ground, knots, lambda *_: error, step, max(written["steps"] // share, 1))
        if plan is not None and plan.steps >= 1 and plan.step <= plan.largest:
            found = {"rho": plan.rho.hex(), "error": plan.error.hex(), "steps": plan.steps}
            return None if found.items() <= written.items() else written | found
    return None
