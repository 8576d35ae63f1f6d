"""Upper bounds on the Lipschitz constant of the Jacobian."""

from __future__ import annotations

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.curvature.activation import has_bounded_bend, has_kink
from surefit.curvature.deep import DeepCurvature
from surefit.curvature.profile import CurvatureBound, CurvatureProfile
from surefit.curvature.structure import linear_in_parameters, two_layer_view
from surefit.curvature.tracing import Untraceable, trace
from surefit.curvature.two_layer import TwoLayerCurvature
from surefit.problem import Problem

__all__ = ["curvature_profile", "jacobian_lipschitz", "without_bound"]


@float64
def jacobian_lipschitz(
    problem: Problem, params: Params, radius: float = 0.0
) -> CurvatureBound | None:
    r"""An upper bound on the Lipschitz constant $\Lambda$ of the Jacobian on a ball.

    $$\lVert J(\theta) - J(\theta')\rVert_2 \le \Lambda\lVert\theta - \theta'\rVert_2
      \quad\text{for all }\theta, \theta'\text{ within `radius` of `params`,}$$

    over the trained parameters. With radius 0 it is a bound on $\lVert D^2f\rVert$ at `params`.

    Known for networks that are affine in their trained parameters (0), for two-layer networks
    (formula and proof in `surefit.curvature.two_layer`), and for compositions of dense and
    convolutional layers, pooling, biases, sums, residual layers and equilibria (proof in
    `surefit.curvature.deep`), with activations that have a bounded second derivative or their only
    kink at 0. The bound is infinite where a pre-activation might reach its kink, or an equilibrium
    might cease to be a contraction.

    Args:
        problem: network and data.
        params: the centre of the ball.
        radius: of the ball.

    Returns:
        The bound, or None where none is known (`without_bound` says why).

    Raises:
        InvalidInputError: `radius` is negative or not finite.

    Cost:
        Two-layer networks: about $10n^2m$ operations. Others: see `DeepCurvature`.
    """
    profile = curvature_profile(problem, params)
    return None if profile is None else profile(radius)


@float64
def curvature_profile(problem: Problem, params: Params) -> CurvatureProfile | None:
    """`jacobian_lipschitz` as a function of the radius; what does not depend on it is done once."""
    if linear_in_parameters(problem, params):
        return CurvatureProfile(
            lambda radius: 0.0, "the network is affine in its trained parameters"
        )
    view = two_layer_view(problem, params)
    if view is not None and (has_bounded_bend(view.activation) or has_kink(view.activation)):
        bound = TwoLayerCurvature(view)
        return CurvatureProfile(
            bound,
            "block-diagonal second derivative of a two-layer net",
            bound.limit,
            bound.limited_by,
            has_kink(view.activation),
        )
    try:
        deep = DeepCurvature(trace(problem, params))
    except Untraceable:
        return None
    return CurvatureProfile(
        deep,
        "second derivative layer by layer, adjoints exact at the centre",
        deep.limit,
        deep.limited_by,
        deep.has_kinks,
    )


@float64
def without_bound(problem: Problem, params: Params) -> str:
    """The layer or activation for which no bound is known; empty where one is."""
    if curvature_profile(problem, params) is not None:
        return ""
    try:
        trace(problem, params)
    except Untraceable as cause:
        return str(cause)
    return ""
