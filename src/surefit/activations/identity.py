"""No activation at all: the linear network."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation
from surefit.core.kernel import Kernel

__all__ = ["Identity"]


@dataclasses.dataclass(frozen=True)
class Identity(Activation):
    r"""$\phi(z) = z$; its duals are $c$ and 1."""

    lipschitz = 1.0
    smoothness = 0.0
    homogeneous = True

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$z$."""
        return z

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """1."""
        return jnp.ones_like(z)

    def slope_from_value(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        """1."""
        return jnp.ones_like(value)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """0."""
        return jnp.zeros_like(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$c$."""
        return covariance + jnp.zeros_like(variance1) + jnp.zeros_like(variance2)

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """1."""
        return jnp.ones_like(self.dual(covariance, variance1, variance2))

    closed_form = True

    def kernel(self, k: Kernel) -> Kernel:
        """As of any activation; features that are not Gaussian stay what they are."""
        return super().kernel(k) if k.gaussian else k

    def duals_at_distance(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
        distance: Float[Array, "..."],
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        """Nothing changes."""
        return covariance, jnp.ones_like(covariance), distance
