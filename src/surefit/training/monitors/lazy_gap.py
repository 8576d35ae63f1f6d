"""How far the network's outputs are from those of its linearisation at the same parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import combine
from surefit.problem import Problem
from surefit.training.costs import forward_flops
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["LazyGap"]


@dataclasses.dataclass(frozen=True)
class LazyGap(Monitor):
    r"""How far the outputs are from the linearised network's at the same parameters.

    $\|f(\theta) - f(\theta_0) - J(\theta_0)(\theta - \theta_0)\|$, zero in the lazy regime. It is
    at most $\frac L2\|\theta - \theta_0\|^2$ where $J$ is $L$-Lipschitz. The linearised network
    trained by itself takes another path; `surefit.workflows.lazy` compares both runs.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 1.1.
    """

    title = "gap to the linearised network"
    standard = True

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass and its derivative in one direction."""
        return 2.0 * forward_flops(problem, params)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The Euclidean norm over all samples and outputs."""
        problem = view.problem
        first, slope = jax.jvp(
            lambda part: problem.network.apply(combine(part, view.fixed), problem.x),
            (view.initial,),
            (view.movement,),
        )
        return jnp.linalg.norm(view.outputs - first - slope)
