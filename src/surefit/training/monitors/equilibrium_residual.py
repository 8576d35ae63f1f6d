"""How well the equilibria are solved."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.implicit import equilibrium_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["EquilibriumResidual"]


@dataclasses.dataclass(frozen=True)
class EquilibriumResidual(Monitor):
    r"""The largest relative residual of an equilibrium, over all samples.

    $\max_i\|\phi(Wh_i + x_i) - h_i\|/\|h_i\|$ for the states that the solver finds from a cold
    start, by one more application of the map. With several equilibria the worst counts.
    """

    title = "residual of the equilibria"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be an equilibrium."""
        return equilibrium_obstacle(problem)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The worst sample of the worst equilibrium."""
        return jnp.max(jnp.stack([jnp.max(found.residuals) for found in view.equilibria]))
