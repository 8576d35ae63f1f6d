"""Loss and gradient at one point: what a step of descent computes and monitors may look at."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import combine
from surefit.problem import Problem

__all__ = ["Evaluation", "evaluate"]


class Evaluation(NamedTuple):
    r"""Loss and gradient at one point.

    Args:
        outputs: what the network says on the data.
        loss: the objective.
        squared_residual: $\|f - y\|^2$.
        gradient: of the loss with respect to the trained parameters.
    """

    outputs: Float[Array, "n k"]
    loss: Float[Array, ""]
    squared_residual: Float[Array, ""]
    gradient: Params


def evaluate(problem: Problem, moving: Params, fixed: Params) -> Evaluation:
    """Loss and gradient at the trained parameters `moving`.

    Cost: one forward and one backward pass.
    """
    outputs, pull = jax.vjp(
        lambda part: problem.network.apply(combine(part, fixed), problem.x), moving
    )
    (gradient,) = pull(problem.loss.output_gradient(outputs, problem.y))
    loss = problem.loss(outputs, problem.y)
    return Evaluation(outputs, loss, jnp.sum((outputs - problem.y) ** 2), gradient)
