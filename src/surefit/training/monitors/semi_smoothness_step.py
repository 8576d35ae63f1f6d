"""How much of the bound of semi-smoothness a step of training takes."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import difference
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.evaluation import evaluate
from surefit.training.matrices import largest_norm, norm_flops
from surefit.training.monitor import Monitor, Move
from surefit.training.semi_smoothness import semi_smoothness_obstacle, semi_smoothness_ratio
from surefit.training.view import View

__all__ = ["SemiSmoothnessStep"]


@dataclasses.dataclass(frozen=True)
class SemiSmoothnessStep(Monitor):
    r"""How much of the bound of semi-smoothness the last step took; below 1 the bound holds.

    $$\frac{F(W + W') - F(W) - \langle\nabla F(W), W'\rangle}{\sqrt{nF}\,\omega^{1/3}L^2
    \sqrt{\frac{m\log m}{d}}\,\|W'\|_2 + \frac{nL^2m}{d}\|W'\|_2^2}$$

    for the step $W'$ that led here from $W$, all constants 1, and $\omega$ the larger distance of
    both ends from the start in spectral norm. 0 at the start.

    References:
        Allen-Zhu, Li, Song (2019), Theorem 4; unconfirmed.
    """

    title = "semi-smoothness along the step"
    expensive = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """Matrices must be all that is trained."""
        return semi_smoothness_obstacle(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A gradient, and three spectral norms per matrix."""
        norms = norm_flops(problem.split(params)[0])
        return gradient_flops(params, problem.samples) + 3.0 * norms

    def start(self, view: View) -> Params:
        """No step was made."""
        return jax.tree.map(jnp.zeros_like, view.moving)

    def update(self, carry: Params, move: Move) -> Params:
        """The step."""
        return difference(move.after, move.before)

    def measure(self, carry: Params, view: View) -> Float[Array, ""]:
        """The ratio of the last step."""
        before = difference(view.moving, carry)
        at = evaluate(view.problem, before, view.fixed)
        omega = jnp.maximum(largest_norm(difference(before, view.initial)), view.movement_norm)
        return semi_smoothness_ratio(view.problem, at, view.loss, carry, omega)
