"""Gradient descent on random batches."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Int, PRNGKeyArray

from surefit.core.layer import Params
from surefit.core.projection import projected
from surefit.core.tree import add_scaled, combine
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.method import Method
from surefit.training.numbers import is_auto, number_or_auto, require_positive
from surefit.training.sharpness import gram_bounds, loss_smoothness

__all__ = ["StochasticGradientDescent"]


class StochasticGradientDescent(Method):
    r"""Stochastic gradient descent: steps on batches drawn without replacement.

    $$\theta_{k+1} = \theta_k - \eta\,\frac nb\sum_{i\in S_k}\nabla L_i(\theta_k),\quad |S_k| = b.$$

    $L = \sum_i L_i$ over the samples, and $S_k$ is drawn without replacement, anew for every step
    from the seed and the number of the step: the factor $n/b$ makes the estimate unbiased, as in
    the theorems on SGD. For a mean loss the $1/n$ is inside of $L_i$.

    With $\eta$ = `"auto"`,

    $$\eta = \frac1{\beta\min\{\frac nb\lambda_{\max}(K),\ n\max_i\lambda_{\max}(K_{ii})\}}$$

    for a loss whose gradient in the outputs is $\beta$-Lipschitz and the empirical Gram matrix $K$
    at the start. Both terms bound the curvature $\frac nb\lambda_{\max}(K_{SS})$ of every possible
    batch, so in the linearised dynamics no step ever leads away from an interpolating solution;
    with $b = n$ it is the step of `GradientDescent`.

    Loss and squared residual over all samples are not a by-product of a step. They are computed at
    the steps where the other quantities are measured, and a target loss is noticed there.

    Layers that project (`Equilibrium(norm_bound=...)`) do so after every step.

    Args:
        step_size: $\eta$, or `"auto"`.
        batch_size: $b$.

    References:
        Allen-Zhu, Li, Song (2019), Theorem 2 (the scaling).
    """

    name: ClassVar[str] = "sgd"

    single_precision = True

    step_size: float | str = eqx.field(default="auto", converter=number_or_auto)
    batch_size: int = eqx.field(default=32, static=True)

    def __check_init__(self) -> None:
        call = "StochasticGradientDescent"
        require_positive(
            self.step_size, f"{call}(step_size=...)", "It multiplies the estimated gradient."
        )
        if isinstance(self.batch_size, bool) or self.batch_size < 1:
            raise InvalidInputError(
                f"`{call}(batch_size=...)` must be a whole number of at least 1. Got "
                f"{self.batch_size}. It is how many samples a step looks at. Pass 32, say."
            )

    def settle(self, problem: Problem, params: Params, steps: int) -> Method:
        """The step size as a number.

        Raises:
            InvalidInputError: a batch larger than the data, or a loss without bounded curvature.
        """
        n, b = problem.samples, self.batch_size
        if b > n:
            raise InvalidInputError(
                f"`StochasticGradientDescent(batch_size=...)` must be at most the number of "
                f"samples, {n}. Got {b}. A batch is drawn without replacement. Pass a smaller "
                "batch, or use GradientDescent."
            )
        if not is_auto(self.step_size):
            return self
        return dataclasses.replace(self, step_size=1.0 / self.sharpness(problem, params))

    def start(self, problem: Problem, moving: Params, fixed: Params) -> tuple[()]:
        """Nothing is remembered between steps."""
        return ()

    def step(
        self,
        problem: Problem,
        moving: Params,
        fixed: Params,
        state: tuple[()],
        *,
        step: Int[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Params, tuple[()]]:
        """One step along the gradient of a batch that the key decides."""
        batch = jax.random.choice(key, problem.samples, (self.batch_size,), replace=False)
        gradient = self.estimate(problem, moving, fixed, batch)
        moving = add_scaled(moving, -self.step_size, gradient)
        return projected(problem.network, moving, fixed), state

    def estimate(
        self, problem: Problem, moving: Params, fixed: Params, batch: Int[Array, " b"]
    ) -> Params:
        """The gradient of the loss, estimated from the samples `batch`."""
        outputs, pull = jax.vjp(
            lambda part: problem.network.apply(combine(part, fixed), problem.x[batch]), moving
        )
        # The loss is asked about all n samples, because its scale may depend on n; a sample's own
        # row of the gradient depends on no other row.
        everywhere = problem.y.at[batch].set(outputs)
        rows = problem.loss.output_gradient(everywhere, problem.y)[batch]
        (gradient,) = pull(problem.samples / self.batch_size * rows)
        return gradient

    def sharpness(self, problem: Problem, params: Params) -> float:
        """That of the estimated loss of any batch."""
        smoothness = loss_smoothness(problem, 'StochasticGradientDescent(step_size="auto")')
        whole, own = gram_bounds(problem, params)
        n, b = problem.samples, self.batch_size
        return smoothness * min(n / b * whole, n * own)

    def flops(self, problem: Problem, params: Params) -> float:
        """Forward and backward pass on a batch."""
        return gradient_flops(params, self.batch_size)
