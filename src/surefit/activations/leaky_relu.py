"""The rectifier with a leak."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.activation import Activation
from surefit.activations.arc_cosine import duals_at_distance, rectifier_dual, step_dual
from surefit.core.arguments import require_reals
from surefit.errors import InvalidInputError

__all__ = ["LeakyRelu"]


@dataclasses.dataclass(frozen=True)
class LeakyRelu(Activation):
    r"""$\phi(z) = z$ for $z > 0$ and $az$ otherwise, with $\phi'(0) = a$.

    As $\phi(z) = az + (1-a)z_+$ and $E[u v_+] = c/2$, the duals are
    $E[\phi\phi] = ac + (1-a)^2 E[u_+v_+]$ and $E[\phi'\phi'] = a + (1-a)^2 P(u>0, v>0)$, with the
    arc-cosine kernels.

    Args:
        slope: $a$, the slope on the negative side.

    References:
        Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 0, 1.
    """

    slope: float = 0.01

    homogeneous = True

    def __post_init__(self) -> None:
        require_reals("`LeakyRelu(slope=...)`", self.slope)
        if not math.isfinite(self.slope):
            raise InvalidInputError(
                f"`LeakyRelu(slope=...)` must be finite. Got {self.slope}. It is the slope on the "
                "negative side. Write 0 for ReLU, 1 for the identity, -1 for the modulus."
            )

    @property
    def lipschitz(self) -> float:
        r"""$\max(1, |a|)$."""
        return max(1.0, abs(self.slope))

    @property
    def smoothness(self) -> float:
        r"""Infinite, as $\phi'$ jumps at 0, unless $a = 1$."""
        return 0.0 if self.slope == 1 else math.inf

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """Z where z > 0, else the slope times z."""
        return jnp.where(z > 0, z, self.slope * z)

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """1 where z > 0, else the slope."""
        return jnp.where(z > 0, 1.0, self.slope).astype(z.dtype)

    def slope_from_value(self, value: Float[Array, "..."]) -> Float[Array, "..."] | None:
        """By the sign of the value, which is that of z unless the slope is negative."""
        return self.derivative(value) if self.slope >= 0 else None

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """0; the kink at 0 carries the curvature."""
        return jnp.zeros_like(z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """First-order arc-cosine kernel with a linear part."""
        rectified = rectifier_dual(covariance, variance1, variance2)
        return self.slope * covariance + (1.0 - self.slope) ** 2 * rectified

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        """Zeroth-order arc-cosine kernel with a constant part."""
        return self.slope + (1.0 - self.slope) ** 2 * step_dual(covariance, variance1, variance2)

    def duals_at_distance(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
        distance: Float[Array, "..."],
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        r"""Distances mix as the duals do: those of $u$ and of $u_+$."""
        value, step, apart = duals_at_distance(covariance, variance1, variance2, distance)
        square = (1.0 - self.slope) ** 2
        return (
            self.slope * covariance + square * value,
            self.slope + square * step,
            self.slope * distance + square * apart,
        )
