"""The hyperbolic tangent."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation

__all__ = ["Tanh"]


@dataclasses.dataclass(frozen=True)
class Tanh(Activation):
    r"""$\phi(z) = \tanh z$.

    $\sup|\phi'| = 1$ at 0; $\sup|\phi''| = 4/(3\sqrt3)$ at $\tanh z = 1/\sqrt3$. The duals have no
    closed form and come from the Hermite series.
    """

    lipschitz = 1.0
    smoothness = 4.0 / (3.0 * 3.0**0.5)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\tanh z$."""
        return jnp.tanh(z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$1 - \tanh^2 z$."""
        return 1.0 - jnp.tanh(z) ** 2

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$-2\tanh z\,(1 - \tanh^2 z)$."""
        value = jnp.tanh(z)
        return -2.0 * value * (1.0 - value**2)
