"""What Theorem 1 says at the end of a run, for all starts that the exact run may be at."""

from __future__ import annotations

import dataclasses
import math

from surefit.certificates.majorant import Majorant, knots
from surefit.certificates.point import Point

__all__ = ["Ending", "ending"]


@dataclasses.dataclass(frozen=True)
class Ending:
    r"""The end of the run.

    Args:
        point: the facts at the float weights.
        radius: e, how far the exact weights may be from them.
        residual: a bound of the residual norm at the exact weights.
        fire: the residual norm below which descent converges from there.
        stretch: $\hat\eta\sup\lVert J\rVert^2$ near the end; below 2.
        path: a bound of the path from there on; NaN where nothing follows.
        rate: the factor of the residual norm per step; NaN where nothing follows.
        rho: a radius around the float weights that serves as proposal for the checker.
    """

    point: Point
    radius: float
    residual: float
    fire: float
    stretch: float
    path: float = math.nan
    rate: float = math.nan
    rho: float = math.nan

    @property
    def condition(self) -> float:
        """C: below 1, descent converges."""
        return self.residual / self.fire if self.fire > 0.0 else math.inf


def ending(point: Point, radius: float, step: float) -> Ending:
    """Theorem 1 with a basin of that radius; `step` is that on half the square."""
    lipschitz = point.lipschitz(radius)
    sigma = point.sigma.lower - lipschitz * radius
    residual = point.residual + point.beta * radius + 0.5 * lipschitz * radius**2
    stretch = step * point.beta**2
    if not sigma > 0.0:
        return Ending(point, radius, residual, 0.0, stretch)
    steps = knots(point.lipschitz, sigma, point.affine, reach=point.reach)
    majorant = Majorant(sigma, steps)
    fire, root = majorant.fire_residual(), majorant.root(residual)
    if root is None:
        return Ending(point, radius, residual, fire, stretch)
    # Within 2 r / sigma the majorant has turned negative, with room, wherever C < 1.
    beta = point.beta + 2.0 * root.bend
    stretch = step * beta**2
    b, alpha = max(1.0, stretch), step * sigma**2
    found = Ending(point, radius, residual, fire, stretch)
    if b >= 2.0 - alpha or b * alpha >= 1.0:
        return found
    loss = math.sqrt(b * (2.0 - b - alpha) / (1.0 - b * alpha)) if b > 1.0 else 1.0
    own = Majorant(loss * sigma, steps)
    root = own.root(residual)
    if root is None:
        return dataclasses.replace(found, fire=own.fire_residual())
    return dataclasses.replace(
        found,
        fire=own.fire_residual(),
        path=root.radius,
        rate=1.0 - step * root.slope * (sigma - root.bend),
        rho=2.0 * residual / (loss * sigma) + radius,
    )
