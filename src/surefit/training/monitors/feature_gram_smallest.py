"""The smallest eigenvalue of the Gram matrix of what flows into the equilibria."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import eigenvalue_flops, gradient_flops
from surefit.training.implicit import equilibrium_obstacle
from surefit.training.memory import gram_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["FeatureGramSmallest"]


@dataclasses.dataclass(frozen=True)
class FeatureGramSmallest(Monitor):
    r"""The smallest eigenvalue of the Gram matrix of the features that enter an equilibrium.

    $\lambda_{\min}(\frac1mXX^\top)$, with one row of $X$ per sample: the input $x_i$ of
    $h_i = \phi(Wh_i + x_i)$, of $m$ features. In the implicit ReLU network $x_i = \sqrt m\,\phi_i$,
    and this is $\lambda_{\min}(G)$ of $G = \Phi\Phi^\top$; twice a lower bound of it is a rate of
    decay of the squared residual. Zero where there are more samples than features. With several
    equilibria the smallest counts.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), section 3.1, $G(t)$.
    """

    title = "smallest eigenvalue of the Gram matrix of the features"
    expensive = True
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be an equilibrium, and a Gram matrix of a size that can be formed often."""
        return equilibrium_obstacle(problem) or gram_obstacle(problem)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass and the eigenvalues of one matrix."""
        return gradient_flops(params, problem.samples) + eigenvalue_flops(problem.samples)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\lambda_{\min}$ of $XX^\top/m$."""
        grams = [found.inputs @ found.inputs.T / found.inputs.shape[1] for found in view.equilibria]
        return jnp.min(jnp.stack([jnp.linalg.eigvalsh(gram)[0] for gram in grams]))
