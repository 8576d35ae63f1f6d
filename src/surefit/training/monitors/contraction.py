"""How much the maps behind the equilibria contract on the data."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.implicit.well_posedness import successive_ratios
from surefit.problem import Problem
from surefit.training.implicit import equilibrium_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["Contraction"]


@dataclasses.dataclass(frozen=True)
class Contraction(Monitor):
    r"""The measured contraction modulus of the equilibria on the data.

    The largest ratio $\|h_{k+1} - h_k\|/\|h_k - h_{k-1}\|$ over all samples and the first steps of
    Picard iteration from zero: a lower bound of $L_\phi\|W\|_2$, often half of it. With several
    equilibria the largest counts.
    """

    title = "measured contraction of the equilibria"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be an equilibrium."""
        return equilibrium_obstacle(problem)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The largest ratio that is not rounding; 0 where there is none."""
        ratios = [
            successive_ratios(found.layer.activation, found.weights, found.inputs)
            for found in view.equilibria
        ]
        return jnp.max(jnp.stack([jnp.max(jnp.nan_to_num(r, nan=0.0)) for r in ratios]))
