"""How far the tangent kernel has left its start."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import gram_flops
from surefit.training.memory import gram_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["KernelDrift"]


@dataclasses.dataclass(frozen=True)
class KernelDrift(Monitor):
    r"""The relative change of the empirical Gram matrix; zero in the lazy regime.

    $\|K - K_0\|_F / \|K_0\|_F$ with $K_0$ the matrix at the start.

    References:
        Chizat, Oyallon, Bach (2019), section 1.2 (the lazy regime).
    """

    title = "drift of the tangent kernel"
    expensive = True
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The Gram matrix must be of a size that can be formed again and again."""
        return gram_obstacle(problem)

    def flops(self, problem: Problem, params: Params) -> float:
        """One Gram matrix."""
        return gram_flops(problem, params)

    def start(self, view: View) -> Float[Array, "nk nk"]:
        """The Gram matrix at the start."""
        return view.gram

    def measure(self, carry: Float[Array, "nk nk"], view: View) -> Float[Array, ""]:
        """The relative change in Frobenius norm."""
        return jnp.linalg.norm(view.gram - carry) / jnp.linalg.norm(carry)
