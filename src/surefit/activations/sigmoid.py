"""The logistic function."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation

__all__ = ["Sigmoid"]


@dataclasses.dataclass(frozen=True)
class Sigmoid(Activation):
    r"""$\phi(z) = \sigma(z) = 1/(1 + e^{-z})$, or $\sigma(z) - \frac12$ shifted to $\phi(0) = 0$.

    As $\sigma(z) = \frac12 + \frac12\tanh\frac z2$, $\sup|\phi'| = 1/4$ at 0 and
    $\sup|\phi''| = 1/(6\sqrt3)$ at $\tanh\frac z2 = 1/\sqrt3$. The duals have no closed form and
    come from the Hermite series.

    Args:
        shifted: subtract 1/2, as theorems want that assume $\phi(0) = 0$.
    """

    shifted: bool = False

    lipschitz = 0.25
    smoothness = 1.0 / (6.0 * 3.0**0.5)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\sigma(z)$, less 1/2 if shifted."""
        return jnp.tanh(z / 2) / 2 if self.shifted else jax.nn.sigmoid(z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\sigma(z)\,\sigma(-z)$."""
        return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$-\tanh\frac z2\;\sigma(z)\,\sigma(-z)$."""
        return -jnp.tanh(z / 2) * self.derivative(z)
