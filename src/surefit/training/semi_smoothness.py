"""Both sides of the inequality that replaces smoothness for networks with kinks."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import dot
from surefit.problem import Problem
from surefit.training.evaluation import Evaluation
from surefit.training.matrices import largest_norm, matrices_obstacle, trained_matrices

__all__ = ["semi_smoothness_obstacle", "semi_smoothness_ratio"]


def semi_smoothness_obstacle(problem: Problem, params: Params) -> str | None:
    """Why the inequality has no value; None if it has."""
    moving = problem.split(params)[0]
    stands = matrices_obstacle(moving)
    if stands is not None:
        return stands
    if min(w.shape[0] for w in trained_matrices(moving).values()) < 2:
        return (
            "A trained matrix has one row; the inequality has log m in it. It is about trained "
            "hidden layers: use `models.fully_connected`, or fix the output layer."
        )
    if not math.isfinite(problem.loss.smoothness(problem.samples)):
        return "The gradient of the loss is not Lipschitz. Use a loss with bounded curvature."
    return None


def semi_smoothness_ratio(
    problem: Problem,
    at: Evaluation,
    after: Float[Array, ""],
    move: Params,
    omega: Float[Array, ""],
) -> Float[Array, ""]:
    r"""How much of its bound the first-order error of the loss takes.

    $$\frac{F(W + W') - F(W) - \langle\nabla F(W), W'\rangle}{\sqrt{nF}\,\omega^{1/3}L^2
    \sqrt{\frac{m\log m}{d}}\,\|W'\|_2 + \frac{nL^2m}{d}\|W'\|_2^2}$$

    with $\frac12\sum_i\|v_i\|^2$, $v_i = \partial F/\partial f_i$, in the place of $F$ in the
    denominator and the Lipschitz constant of $v$ as a factor of its second term: the same for half
    the sum of squares. 0 where nothing moves.

    Args:
        problem: network, loss and data.
        at: loss and gradient at $W$.
        after: $F(W + W')$.
        move: $W'$.
        omega: $\omega$, at least the distances of $W$ and of $W + W'$ from the start.
    """
    n, outputs = float(problem.samples), float(problem.outputs)
    matrices = trained_matrices(move)
    depth, width = float(len(matrices)), float(min(w.shape[0] for w in matrices.values()))
    v = problem.loss.output_gradient(at.outputs, problem.y)
    length = largest_norm(move)
    first = jnp.sqrt(n * jnp.sum(v**2) / 2.0) * omega ** (1.0 / 3.0)
    first = first * (depth**2 * math.sqrt(width * math.log(width) / outputs)) * length
    bend = problem.loss.smoothness(problem.samples)
    second = bend * n * depth**2 * width / outputs * length**2
    error = after - at.loss - dot(at.gradient, move)
    allowed = first + second
    return jnp.where(allowed > 0.0, error / jnp.where(allowed > 0.0, allowed, 1.0), 0.0)
