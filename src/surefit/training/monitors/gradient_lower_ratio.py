"""The gradient of the last trained matrix against its lower bound."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.features import pairs_obstacle
from surefit.training.gradient_ratios import gradient_ratios
from surefit.training.matrices import trained_matrices
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["GradientLowerRatio"]


@dataclasses.dataclass(frozen=True)
class GradientLowerRatio(Monitor):
    r"""The squared gradient of the last trained matrix over its lower bound.

    $\frac{dn^2}{\delta mF}\|\nabla_{W_L}F\|_F^2$ with $\delta = \min_{i\ne j}\|x_i - x_j\|$: the
    lower bound of the paper looks at this matrix alone. Ratios of the others are $n^3/\delta$ times
    `gradient_upper_ratio`. For other losses as there. Infinite if two inputs are equal.

    References:
        Allen-Zhu, Li, Song (2019), Theorem 3, lower bound; unconfirmed.
    """

    title = "gradient of the last trained layer over its lower bound"

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be a trained matrix, and pairs of samples."""
        if not trained_matrices(problem.split(params)[0]):
            return "No trained parameter is a matrix. Watch `gradient_norm` instead."
        return pairs_obstacle(problem)

    def start(self, view: View) -> Float[Array, ""]:
        r"""$\delta$: it never changes."""
        x = view.problem.x.reshape(view.problem.samples, -1)
        gram = x @ x.T
        squares = jnp.diagonal(gram)
        away = squares[:, None] + squares[None, :] - 2.0 * gram
        away = jnp.where(jnp.eye(x.shape[0], dtype=bool), jnp.inf, away)
        i, j = jnp.unravel_index(jnp.argmin(away), away.shape)
        # The Gram matrix finds the pair; its distance comes from the rows.
        return jnp.linalg.norm(x[i] - x[j])

    def measure(self, carry: Float[Array, ""], view: View) -> Float[Array, ""]:
        """The ratio of the last matrix."""
        return gradient_ratios(view)[-1] * float(view.problem.samples) ** 3 / carry
