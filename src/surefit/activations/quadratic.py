"""The square."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation

__all__ = ["Quadratic"]


@dataclasses.dataclass(frozen=True)
class Quadratic(Activation):
    r"""$\phi(z) = z^2$.

    $\phi'(z) = 2z$ is unbounded: theorems that ask for a Lipschitz activation do not apply.
    $\phi'' = 2$. Duals by Isserlis' theorem: $E[u^2v^2] = st + 2c^2$ and $E[2u\cdot2v] = 4c$.
    """

    lipschitz = math.inf
    smoothness = 2.0

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$z^2$."""
        return z**2

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$2z$."""
        return 2.0 * z

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """2."""
        return jnp.full_like(z, 2.0)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$st + 2c^2$."""
        return variance1 * variance2 + 2.0 * covariance**2

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$4c$."""
        return 4.0 * covariance + jnp.zeros_like(variance1) + jnp.zeros_like(variance2)
