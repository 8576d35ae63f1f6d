"""Loss and gradient at one point: what a step of descent computes and monitors may look at."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import combine
from surefit.implicit.warm import Dual, Hint, cold_hint, warm_starts
from surefit.problem import Problem

__all__ = ["Evaluation", "cold_hints", "evaluate"]


class Evaluation(NamedTuple):
    r"""Loss and gradient at one point.

    Args:
        outputs: what the network says on the data.
        loss: the objective.
        squared_residual: $\|f - y\|^2$.
        gradient: of the loss with respect to the trained parameters.
        hints: where the equilibria of the network begin at the next step.
    """

    outputs: Float[Array, "n k"]
    loss: Float[Array, ""]
    squared_residual: Float[Array, ""]
    gradient: Params
    hints: tuple[Hint, ...] = ()


def evaluate(
    problem: Problem, moving: Params, fixed: Params, hints: tuple[Hint, ...] = ()
) -> Evaluation:
    """Loss and gradient at the trained parameters `moving`.

    Args:
        problem: network, loss and data.
        moving: the trained parameters.
        fixed: the others.
        hints: of the step before, or `cold_hints`: equilibria and adjoints begin there. Without
            them every equilibrium begins at zero, and the evaluation holds no hints either.

    Cost: one forward and one backward pass.
    """
    starts, duals = tuple(hint.start() for hint in hints), tuple(hint.dual for hint in hints)

    def outputs_and_states(part: Params, duals: tuple[Dual, ...]) -> tuple[Array, list[Array]]:
        if not hints:
            return problem.network.apply(combine(part, fixed), problem.x), []
        with warm_starts(starts, duals) as warm:
            return problem.network.apply(combine(part, fixed), problem.x), warm.states

    outputs, pull, states = jax.vjp(outputs_and_states, moving, duals, has_aux=True)
    gradient, duals = pull(problem.loss.output_gradient(outputs, problem.y))
    return Evaluation(
        outputs,
        problem.loss(outputs, problem.y),
        jnp.sum((outputs - problem.y) ** 2),
        gradient,
        tuple(map(Hint.followed_by, hints, states, duals)),
    )


def cold_hints(problem: Problem, moving: Params, fixed: Params) -> tuple[Hint, ...]:
    """The hints of the first step: one per equilibrium, in the order of evaluation."""
    with warm_starts(None) as warm:
        jax.eval_shape(lambda x: problem.network.apply(combine(moving, fixed), x), problem.x)
    return tuple(cold_hint(found.shape, found.dtype) for found in warm.shapes)
