"""How many steps the equilibria need."""

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

__all__ = ["EquilibriumSteps"]


@dataclasses.dataclass(frozen=True)
class EquilibriumSteps(Monitor):
    """The steps of the solver until the slowest sample converges, from a cold start.

    They grow before an equilibrium is lost. Training itself begins where the step before ended, and
    needs fewer.
    """

    title = "solver steps of the equilibria"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be an equilibrium."""
        return equilibrium_obstacle(problem)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The largest number over samples and equilibria."""
        steps = jnp.stack([jnp.max(found.solution.steps) for found in view.equilibria])
        return jnp.max(steps).astype(view.problem.x.dtype)
