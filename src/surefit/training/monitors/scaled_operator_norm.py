"""The operator norms of the matrices inside of the equilibria."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.equilibria import equilibrium_places
from surefit.implicit.well_posedness import spectral_norm
from surefit.problem import Problem
from surefit.training.implicit import equilibrium_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["ScaledOperatorNorm"]


@dataclasses.dataclass(frozen=True)
class ScaledOperatorNorm(Monitor):
    r"""The operator norm of the matrix inside of every equilibrium, one column each.

    $\frac{\gamma}{\sqrt m}\|A\|_2$: of the matrix as the state sees it, with the factor of its
    parameterisation. Below 1, over the Lipschitz constant of the activation, every input has
    exactly one equilibrium.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), Lemma 2.2 and Figure 1, third row.
    """

    title = "operator norms inside of the equilibria"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be an equilibrium."""
        return equilibrium_obstacle(problem)

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The places of the equilibria in the tree of parameters."""
        return equilibrium_places(problem.network)

    def measure(self, carry: Any, view: View) -> Float[Array, " equilibria"]:
        """One spectral norm per equilibrium."""
        return jnp.stack([spectral_norm(found.weights) for found in view.equilibria])
