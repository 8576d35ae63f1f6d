"""Upper bounds on the Lipschitz constant of the Jacobian."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from surefit.core.check import Evidence
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.curvature.activation import has_bounded_bend
from surefit.curvature.structure import linear_in_parameters, two_layer_view
from surefit.curvature.two_layer import TwoLayerCurvature
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["CurvatureBound", "curvature_profile", "jacobian_lipschitz"]


@dataclasses.dataclass(frozen=True)
class CurvatureBound:
    r"""An upper bound on the Lipschitz constant of $\theta \mapsto J(\theta)$ on a ball.

    Args:
        value: the bound, in the operator norm of J and the Euclidean norm of the parameters.
        source: how it was obtained, in words.
        radius: of the ball around the parameters that it was computed at.
        evidence: `float`: evaluated in float64, inflated for rounding.
    """

    value: float
    source: str
    radius: float = 0.0
    evidence: Evidence = Evidence.FLOAT


Profile = Callable[[float], CurvatureBound]


@float64
def jacobian_lipschitz(
    problem: Problem, params: Params, radius: float = 0.0
) -> CurvatureBound | None:
    r"""An upper bound on the Lipschitz constant $\Lambda$ of the Jacobian on a ball.

    $$\lVert J(\theta) - J(\theta')\rVert_2 \le \Lambda\lVert\theta - \theta'\rVert_2
      \quad\text{for all }\theta, \theta'\text{ within `radius` of `params`,}$$

    over the trained parameters. With radius 0 it is a bound on $\lVert D^2f\rVert$ at `params`.

    Known for networks that are affine in their trained parameters (0) and for two-layer networks
    with a smooth activation (formula and proof in `surefit.curvature.two_layer`).

    Args:
        problem: network and data.
        params: the centre of the ball.
        radius: of the ball.

    Returns:
        The bound, or None where none is known: activations with kinks in front of trained
        weights, deep networks.

    Raises:
        InvalidInputError: `radius` is negative or not finite.

    Cost:
        Two-layer networks: about $10n^2m$ operations.
    """
    profile = curvature_profile(problem, params)
    return None if profile is None else profile(radius)


@float64
def curvature_profile(problem: Problem, params: Params) -> Profile | None:
    """`jacobian_lipschitz` as a function of the radius; what does not depend on it is done once.

    The function is non-decreasing.
    """
    if linear_in_parameters(problem, params):
        return _guarded(lambda radius: 0.0, "the network is affine in its trained parameters")
    view = two_layer_view(problem, params)
    if view is None or not has_bounded_bend(view.activation):
        return None
    return _guarded(TwoLayerCurvature(view), "block-diagonal second derivative of a two-layer net")


def _guarded(value: Callable[[float], float], source: str) -> Profile:
    @float64
    def profile(radius: float) -> CurvatureBound:
        if not (0.0 <= radius < math.inf):
            raise InvalidInputError(
                "`jacobian_lipschitz(radius=...)` must be a finite number that is not negative. "
                f"Got {radius}. It is the radius of a ball of parameters. Pass 0 for the bound at "
                "the centre."
            )
        return CurvatureBound(value(radius), source, float(radius))

    return profile
