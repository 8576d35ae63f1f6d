"""The smooth rectifier."""

from __future__ import annotations

import dataclasses
import math

import jax
from jaxtyping import Array, Float

from surefit.activations.activation import Activation

__all__ = ["Softplus"]


@dataclasses.dataclass(frozen=True)
class Softplus(Activation):
    r"""$\phi(z) = \log(1 + e^z)$, or $\log\frac{1 + e^z}{2}$ shifted so that $\phi(0) = 0$.

    $\phi'$ is the logistic function $\sigma$, which rises to 1 and never reaches it;
    $\phi'' = \sigma(1-\sigma)$ is largest at 0, where it is 1/4. The duals have no closed form and
    come from the Hermite series.

    Args:
        shifted: subtract $\log 2$, as theorems want that assume $\phi(0) = 0$.
    """

    shifted: bool = False

    lipschitz = 1.0
    smoothness = 0.25

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\log(1 + e^z)$, less $\log 2$ if shifted."""
        value = jax.nn.softplus(z)
        return value - math.log(2) if self.shifted else value

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\sigma(z) = 1/(1 + e^{-z})$."""
        return jax.nn.sigmoid(z)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\sigma(z)\,\sigma(-z)$."""
        return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)
