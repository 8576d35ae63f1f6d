"""Full-batch gradient descent."""

from __future__ import annotations

import dataclasses

import equinox as eqx
from jaxtyping import Array, Int, PRNGKeyArray

from surefit.core.layer import Params
from surefit.core.projection import projected
from surefit.core.tree import add_scaled
from surefit.problem import Problem
from surefit.training.evaluation import Evaluation, cold_hints, evaluate
from surefit.training.method import Method
from surefit.training.numbers import is_auto, number_or_auto, require_positive
from surefit.training.sharpness import gram_largest, loss_smoothness

__all__ = ["GradientDescent"]


class GradientDescent(Method):
    r"""Full-batch gradient descent.

    $$\theta_{k+1} = \theta_k - \eta\nabla L(\theta_k).$$

    With `"auto"`, $\eta = 1/(\beta\lambda_{\max})$: $\beta$ is the Lipschitz constant of the
    loss gradient in the outputs ($2c$ for $c\|f - y\|^2$), and $\lambda_{\max}$ the largest
    eigenvalue of the empirical Gram matrix at the start. That is half the step at which the
    linearised dynamics become unstable. $\lambda_{\max}$ is bounded from above, so that the step is
    never longer; the limit of infinite width would give too long a step at small widths.

    Layers that project (`Equilibrium(norm_bound=...)`) do so after every step; theorems are about
    descent without that.

    Args:
        step_size: $\eta$, or `"auto"`.
    """

    single_precision = True

    step_size: float | str = eqx.field(default="auto", converter=number_or_auto)

    def __check_init__(self) -> None:
        require_positive(
            self.step_size,
            "GradientDescent(step_size=...)",
            "It multiplies the gradient of the loss.",
        )

    def settle(self, problem: Problem, params: Params, steps: int) -> Method:
        """The step size as a number.

        Raises:
            InvalidInputError: the loss has no bounded curvature to take it from.
        """
        if not is_auto(self.step_size):
            return self
        return dataclasses.replace(self, step_size=1.0 / self.sharpness(problem, params))

    def start(self, problem: Problem, moving: Params, fixed: Params) -> Evaluation:
        """Loss and gradient at the start."""
        return evaluate(problem, moving, fixed, cold_hints(problem, moving, fixed))

    def step(
        self,
        problem: Problem,
        moving: Params,
        fixed: Params,
        state: Evaluation,
        *,
        step: Int[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Params, Evaluation]:
        """One step along the gradient that the state holds, and loss and gradient behind it."""
        moving = add_scaled(moving, -self.step_size, state.gradient)
        moving = projected(problem.network, moving, fixed)
        return moving, evaluate(problem, moving, fixed, state.hints)

    def evaluation(self, state: Evaluation) -> Evaluation:
        """The state is just that."""
        return state

    def sharpness(self, problem: Problem, params: Params) -> float:
        r"""$\beta\lambda_{\max}$ of the empirical Gram matrix."""
        smoothness = loss_smoothness(problem, 'GradientDescent(step_size="auto")')
        return smoothness * gram_largest(problem, params)
