"""The Gaussian error linear unit, exact."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation
from surefit.activations.angle import gap

__all__ = ["Gelu"]


@dataclasses.dataclass(frozen=True)
class Gelu(Activation):
    r"""$\phi(z) = z\,\Phi(z)$ with the standard Gaussian distribution $\Phi$ and density $p$.

    $\phi' = \Phi + zp$ has its extreme values where $\phi'' = (2-z^2)p$ vanishes, at
    $z = \pm\sqrt2$; the larger one is
    $\Phi(\sqrt2) + \sqrt2\,p(\sqrt2) = \frac{1+\operatorname{erf}1}{2} + \frac{1}{e\sqrt\pi}$.
    $\phi''$ has its where $z(z^2-4)p$ vanishes, at 0 and $\pm2$, and
    $\phi''(0) = \sqrt{2/\pi}$ is larger than $|\phi''(\pm2)| = 2p(2)$.

    Duals, with $D = (1+s)(1+t) - c^2 = 1 + s + t + (st - c^2)$. Integration by parts leaves
    expectations under the covariance $(\Sigma^{-1} + I)^{-1}$ and
    $E[\Phi\Phi] = \frac14 + \frac{1}{2\pi}\arctan\frac{c}{\sqrt D}$:
    $$E[\phi\phi] = c\,E[\Phi\Phi] +
        \frac{1}{2\pi\sqrt D}\Big(st - c^2 + \frac{c^2}{1+s} + \frac{c^2}{1+t}\Big),$$
    $$E[\phi'\phi'] = E[\Phi\Phi] +
        \frac{c}{2\pi\sqrt D}\Big(\frac{1}{1+s} + \frac{1}{1+t} + \frac1D\Big).$$

    References:
        Hendrycks, Gimpel (2016), Gaussian error linear units, section 2; Tsuchida et al. (2021),
        Avoiding kernel fixed points, for the dual.
    """

    lipschitz = (1.0 + math.erf(1.0)) / 2.0 + 1.0 / (math.e * math.sqrt(math.pi))
    smoothness = math.sqrt(2.0 / math.pi)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$z\,\Phi(z)$."""
        return z * _distribution(z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\Phi(z) + z\,p(z)$."""
        return _distribution(z) + z * _density(z)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$(2 - z^2)\,p(z)$."""
        return (2.0 - z**2) * _density(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$E[\phi\phi]$ in closed form."""
        c, s, t = covariance, variance1, variance2
        square = gap(c, s, t)
        d = 1.0 + s + t + square
        rest = square + c**2 * (1.0 / (1.0 + s) + 1.0 / (1.0 + t))
        return c * _both_below(c, d) + rest / (2 * math.pi * jnp.sqrt(d))

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$E[\phi'\phi']$ in closed form."""
        c, s, t = covariance, variance1, variance2
        d = 1.0 + s + t + gap(c, s, t)
        rest = c * (1.0 / (1.0 + s) + 1.0 / (1.0 + t) + 1.0 / d)
        return _both_below(c, d) + rest / (2 * math.pi * jnp.sqrt(d))


def _density(z: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _distribution(z: Float[Array, "..."]) -> Float[Array, "..."]:
    # The complement keeps the digits of the left tail.
    return jax.scipy.special.erfc(-z / math.sqrt(2)) / 2


def _both_below(c: Float[Array, "..."], d: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""$E[\Phi(u)\Phi(v)]$."""
    return 0.25 + jnp.arctan(c / jnp.sqrt(d)) / (2 * math.pi)
