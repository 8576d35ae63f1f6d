"""Sign changes against the power of the movement that bounds them."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.features import activation_labels
from surefit.training.flips import largest_shares, signs
from surefit.training.matrices import matrices_obstacle, norm_flops, trained_matrices
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.view import View

__all__ = ["FlipRatio"]


@dataclasses.dataclass(frozen=True)
class FlipRatio(Monitor):
    r"""Sign changes over the power of the movement that bounds them, per layer.

    $\max_i\frac{\|D_{i,\ell} - D_{i,\ell,0}\|_0}{m\,\omega^{2/3}L}$ with $\omega =
    \max_\ell\|W_\ell - W_{\ell,0}\|_2$ and $L$ trained matrices. The exponent is that of the worst
    direction of movement; in a random one flips are proportional to $\omega$. 0 at the start.

    References:
        Allen-Zhu, Li, Song (2019), Lemma 8.2, as restated by Basri et al. (2020).
    """

    title = "activation flips over omega^(2/3) L, per layer"
    expensive = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be activations, and matrices must be all that is trained."""
        return preactivations_obstacle(problem, params) or matrices_obstacle(
            problem.split(params)[0]
        )

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The activations in the order of evaluation."""
        return activation_labels(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """One spectral norm per matrix."""
        return norm_flops(problem.split(params)[0])

    def start(self, view: View) -> list[Bool[Array, "n ..."]]:
        """The signs at the start."""
        return signs(view)

    def measure(self, carry: list[Bool[Array, "n ..."]], view: View) -> Float[Array, " layers"]:
        """Shares over the power."""
        omega = view.movement_norm
        power = jnp.where(omega > 0.0, omega, 1.0) ** (2.0 / 3.0)
        return largest_shares(carry, view) / (power * float(len(trained_matrices(view.moving))))
