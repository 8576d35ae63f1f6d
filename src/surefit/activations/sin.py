"""The sine."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation

__all__ = ["Sin"]


@dataclasses.dataclass(frozen=True)
class Sin(Activation):
    r"""$\phi(z) = \sin z$; $|\phi'|$ and $|\phi''|$ reach 1.

    Duals, from $E\cos(u \pm v) = e^{-(s+t)/2 \mp c}$: $E[\sin u\sin v] = e^{-(s+t)/2}\sinh c$ and
    $E[\cos u\cos v] = e^{-(s+t)/2}\cosh c$.
    """

    lipschitz = 1.0
    smoothness = 1.0

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\sin z$."""
        return jnp.sin(z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\cos z$."""
        return jnp.cos(z)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$-\sin z$."""
        return -jnp.sin(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$e^{-(s+t)/2}\sinh c$."""
        mean = (variance1 + variance2) / 2
        # sinh overflows where the product does not; expm1 keeps the digits of a small c.
        above = jnp.where(covariance >= 0, covariance, 0.0)
        below = jnp.where(covariance < 0, -covariance, 0.0)
        positive = -jnp.exp(above - mean) * jnp.expm1(-2.0 * above) / 2
        return positive + jnp.exp(below - mean) * jnp.expm1(-2.0 * below) / 2

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$e^{-(s+t)/2}\cosh c$."""
        mean = (variance1 + variance2) / 2
        return (jnp.exp(covariance - mean) + jnp.exp(-covariance - mean)) / 2
