"""A loss that is not convex and yet dominated by its gradient."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.losses.entrywise import Entrywise

__all__ = ["GradientDominated"]


@dataclasses.dataclass(frozen=True)
class GradientDominated(Entrywise):
    r"""Gradient-dominated and not convex: the square with a ripple; a sum.

    $\rho(r) = r^2 + 3\sin^2r$ with $\rho'' = 2 + 6\cos2r \in [-4, 8]$. It satisfies
    $\frac12\rho'^2 \ge \frac1{32}\rho$, so that its only stationary point is the minimum. In the
    notation of the theorem on such losses, $\|\nabla\ell\|^2 \ge \sigma(\ell - \min\ell)$, this is
    $\sigma = \frac1{16}$.

    References:
        Karimi, Nutini, Schmidt (2016), Linear convergence of gradient and proximal-gradient
        methods under the Polyak-Lojasiewicz condition, section 2.2, whose constant is 1/32.
    """

    curvature = 8.0
    dominance = 1.0 / 32.0

    def of_entries(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$r^2 + 3\sin^2r$."""
        return r**2 + 3.0 * jnp.sin(r) ** 2

    def slope(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$2r + 3\sin2r$."""
        return 2.0 * r + 3.0 * jnp.sin(2.0 * r)
