"""How much of the bound of semi-smoothness random directions take."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import add_scaled, combine
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.matrices import largest_norm, norm_flops
from surefit.training.monitor import Monitor
from surefit.training.semi_smoothness import semi_smoothness_obstacle, semi_smoothness_ratio
from surefit.training.view import View

__all__ = ["SemiSmoothnessRandom"]


@dataclasses.dataclass(frozen=True)
class SemiSmoothnessRandom(Monitor):
    r"""How much of the bound of semi-smoothness random directions take, the largest of a few.

    As `semi_smoothness_step`, for Gaussian $W'$ with $\|W'\|_2$ = `length` in the place of the
    step. The directions are the same at every measurement.

    Args:
        directions: how many.
        length: $\|W'\|_2$.

    References:
        Allen-Zhu, Li, Song (2019), Theorem 4; unconfirmed.
    """

    directions: int = 4
    length: float = 0.01

    title = "semi-smoothness along random directions"
    expensive = True

    def __post_init__(self) -> None:
        if self.directions < 1 or not 0.0 < self.length < math.inf:
            raise InvalidInputError(
                "`SemiSmoothnessRandom(directions=..., length=...)` must be at least 1 and "
                f"positive. Got {self.directions} and {self.length}. The bound is tried along so "
                "many random moves of that spectral norm. Write directions=4, length=0.01."
            )

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """Matrices must be all that is trained."""
        return semi_smoothness_obstacle(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass and spectral norms per direction, and a gradient."""
        norms = (2.0 * self.directions + 1.0) * norm_flops(problem.split(params)[0])
        passes = 1.0 + self.directions / 3.0
        return passes * gradient_flops(params, problem.samples) + norms

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The largest ratio."""
        problem, fixed, length = view.problem, view.fixed, self.length

        def ratio(key: Array) -> Float[Array, ""]:
            move = _direction(key, view.moving, length)
            outputs = problem.network.apply(
                combine(add_scaled(view.moving, 1.0, move), fixed), problem.x
            )
            omega = view.movement_norm + length
            loss = problem.loss(outputs, problem.y)
            return semi_smoothness_ratio(problem, view.evaluation, loss, move, omega)

        # One after the other: as many copies of the parameters would be needed otherwise.
        _ = view.movement_norm, view.evaluation
        return jnp.max(jax.lax.map(ratio, jax.random.split(jax.random.key(0), self.directions)))


def _direction(key: Array, moving: Params, length: float) -> Params:
    leaves, structure = jax.tree.flatten(moving)
    keys = jax.random.split(key, len(leaves))
    drawn = [
        jax.random.normal(own, leaf.shape, leaf.dtype)
        for own, leaf in zip(keys, leaves, strict=True)
    ]
    drawn = jax.tree.unflatten(structure, drawn)
    scale = length / largest_norm(drawn)
    return jax.tree.map(lambda leaf: scale * leaf, drawn)
