"""Upper bounds on the Lipschitz constant of the Jacobian."""

from __future__ import annotations

from surefit.core.layer import Params
from surefit.core.memory import available_bytes, format_bytes
from surefit.core.precision import float64
from surefit.curvature.activation import has_bounded_bend, has_kink
from surefit.curvature.deep import DeepCurvature
from surefit.curvature.profile import CurvatureBound, CurvatureProfile
from surefit.curvature.recording import Trace, Untraceable
from surefit.curvature.structure import TwoLayer, linear_in_parameters, two_layer_view
from surefit.curvature.tracing import trace
from surefit.curvature.two_layer import TwoLayerCurvature
from surefit.problem import Problem

__all__ = ["curvature_profile", "jacobian_lipschitz", "without_bound"]

_COPIES = 2


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
    view = _two_layer(problem, params)
    if view is not None:
        bound = TwoLayerCurvature(view)
        return CurvatureProfile(
            bound,
            "block-diagonal second derivative of a two-layer net",
            bound.limit,
            bound.limited_by,
            has_kink(view.activation),
        )
    found = _traced(problem, params)
    if isinstance(found, str):
        return None
    deep = DeepCurvature(found)
    return CurvatureProfile(
        deep,
        "second derivative layer by layer, adjoints exact at the centre",
        deep.limit,
        deep.limited_by,
        deep.has_kinks,
    )


@float64
def without_bound(problem: Problem, params: Params) -> str:
    """Why no bound is known, in words without a full stop; empty where one is.

    Cost: one pass through the network.
    """
    if linear_in_parameters(problem, params) or _two_layer(problem, params) is not None:
        return ""
    found = _traced(problem, params)
    return found if isinstance(found, str) else ""


def _two_layer(problem: Problem, params: Params) -> TwoLayer | None:
    view = two_layer_view(problem, params)
    tame = view is not None and (has_bounded_bend(view.activation) or has_kink(view.activation))
    return view if tame else None


def _traced(problem: Problem, params: Params) -> Trace | str:
    """The operations of the network, or why they have no bound here."""
    try:
        # On one sample first: what cannot be done should be found out at once.
        one = trace(Problem(problem.network, problem.x[:1], problem.y[:1]), params)
    except Untraceable as cause:
        return f"{cause} is none of the parts that have one"
    needed, available = 8 * _COPIES * one.numbers() * problem.samples, available_bytes()
    if needed > available:
        return (
            f"it would need {format_bytes(needed)} of memory, and {format_bytes(available)} are "
            "available"
        )
    return trace(problem, params)
