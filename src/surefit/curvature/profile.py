"""A curvature bound as a function of the radius, with where it ends."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from surefit.core.check import Evidence
from surefit.core.precision import float64
from surefit.errors import InvalidInputError

__all__ = ["CurvatureBound", "CurvatureProfile"]


@dataclasses.dataclass(frozen=True)
class CurvatureBound:
    r"""An upper bound on the Lipschitz constant of $\theta \mapsto J(\theta)$ on a ball.

    Args:
        value: the bound, in the operator norm of J and the Euclidean norm of the parameters;
            infinite beyond the largest radius for which one is known.
        source: how it was obtained, in words.
        radius: of the ball around the parameters that it was computed at.
        evidence: `float`: evaluated in float64, inflated for rounding.
    """

    value: float
    source: str
    radius: float = 0.0
    evidence: Evidence = Evidence.FLOAT


@dataclasses.dataclass(frozen=True)
class CurvatureProfile:
    r"""The bound by radius; non-decreasing.

    Args:
        evaluate: radius to number.
        source: how the bound is obtained, in words.
        limit: the largest radius for which there is a bound: where a pre-activation may reach a
            kink, or an equilibrium may cease to be a contraction.
        limited_by: what lies at the limit, in words.
        kinks: whether an activation has a kink, so that signs must not change.
    """

    evaluate: Callable[[float], float]
    source: str
    limit: float = math.inf
    limited_by: str = ""
    kinks: bool = False

    @float64
    def __call__(self, radius: float) -> CurvatureBound:
        """The bound on one ball.

        Raises:
            InvalidInputError: `radius` is negative or not finite.
        """
        if not (0.0 <= radius < math.inf):
            raise InvalidInputError(
                "`jacobian_lipschitz(radius=...)` must be a finite number that is not negative. "
                f"Got {radius}. It is the radius of a ball of parameters. Pass 0 for the bound at "
                "the centre."
            )
        within = radius <= self.limit and self.limit > 0.0
        value = self.evaluate(radius) if within else math.inf
        return CurvatureBound(value, self.source, float(radius))
