"""The rectifier."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation
from surefit.activations.arc_cosine import duals_at_distance, rectifier_dual, step_dual

__all__ = ["Relu"]


@dataclasses.dataclass(frozen=True)
class Relu(Activation):
    r"""$\phi(z) = \max(z, 0)$, with $\phi'(0) = 0$.

    Duals, with $\cos\theta = c/\sqrt{st}$:
    $E[\phi\phi] = \frac{\sqrt{st}}{2\pi}(\sin\theta + (\pi-\theta)\cos\theta)$ and
    $E[\phi'\phi'] = \frac{\pi-\theta}{2\pi}$.

    References:
        Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 0, 1.
    """

    lipschitz = 1.0
    homogeneous = True

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\max(z, 0)$."""
        # Asked in this way, what is not a number stays what it is instead of becoming 0.
        return jnp.where(z <= 0, 0.0, z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """1 where z > 0, else 0."""
        return jnp.where(z > 0, 1.0, 0.0).astype(z.dtype)

    def slope_from_value(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        """1 where the value is positive, else 0."""
        return self.derivative(value)

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """0; the kink at 0 carries the curvature."""
        return jnp.zeros_like(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """First-order arc-cosine kernel, halved."""
        return rectifier_dual(covariance, variance1, variance2)

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """Zeroth-order arc-cosine kernel, halved."""
        return step_dual(covariance, variance1, variance2)

    def duals_at_distance(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
        distance: Float[Array, "..."],
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        """Both kernels, with the digits that the distance has."""
        return duals_at_distance(covariance, variance1, variance2, distance)
