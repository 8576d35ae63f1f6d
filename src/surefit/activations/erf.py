"""The error function."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation
from surefit.activations.angle import gap

__all__ = ["Erf"]


@dataclasses.dataclass(frozen=True)
class Erf(Activation):
    r"""$\phi(z) = \operatorname{erf} z$.

    $\phi'(z) = \frac{2}{\sqrt\pi}e^{-z^2}$ is largest at 0; $|\phi''(z)| = 2|z|\phi'(z)$ at
    $z^2 = \frac12$, where it is $2\sqrt{2/(\pi e)}$.

    Duals, with $D = (1+2s)(1+2t) - 4c^2 = 1 + 2s + 2t + 4(st - c^2)$:
    $E[\phi\phi] = \frac2\pi\arctan\frac{2c}{\sqrt D}$ and its derivative with respect to $c$,
    $E[\phi'\phi'] = \frac{4}{\pi\sqrt D}$.

    References:
        Williams (1997), Computing with infinite networks, eq. (11), with the arcsine as arctangent.
    """

    lipschitz = 2.0 / math.sqrt(math.pi)
    smoothness = 2.0 * math.sqrt(2.0 / (math.pi * math.e))

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\operatorname{erf} z$."""
        return jax.scipy.special.erf(z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\frac{2}{\sqrt\pi}e^{-z^2}$."""
        return 2.0 / math.sqrt(math.pi) * jnp.exp(-(z**2))

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$-2z\phi'(z)$."""
        return -2.0 * z * self.derivative(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """The arcsine kernel."""
        d = _determinant(covariance, variance1, variance2)
        return 2.0 / math.pi * jnp.arctan(2.0 * covariance / jnp.sqrt(d))

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$\frac{4}{\pi\sqrt D}$."""
        return 4.0 / math.pi / jnp.sqrt(_determinant(covariance, variance1, variance2))


def _determinant(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    return 1.0 + 2.0 * (variance1 + variance2) + 4.0 * gap(covariance, variance1, variance2)
