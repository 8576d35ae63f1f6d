"""The arc-cosine kernels: duals of the rectifier and of its derivative, the step."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.angle import angle, gap, root

__all__ = ["rectifier_dual", "step_dual"]


def step_dual(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$P(u > 0, v > 0) = (\pi - \theta)/(2\pi)$ with $\cos\theta = c/\sqrt{st}$.

    References:
        Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 0, halved.
    """
    return (math.pi - angle(covariance, variance1, variance2)) / (2 * math.pi)


@jax.custom_jvp
def rectifier_dual(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$E[u_+ v_+] = \frac{1}{2\pi}(\sqrt{st-c^2} + (\pi-\theta)\,c)$, $\cos\theta = c/\sqrt{st}$.

    References:
        Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 1, halved.
    """
    theta = angle(covariance, variance1, variance2)
    sine = root(gap(covariance, variance1, variance2))
    return (sine + (math.pi - theta) * covariance) / (2 * math.pi)


# The two terms have infinite derivatives at |rho| = 1 that cancel. Price's theorem gives the sum:
# the dual of the derivative for the covariance; homogeneity then gives those for the variances.
@rectifier_dual.defjvp
def _rectifier_dual_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    covariance, variance1, variance2 = primals
    sine = root(gap(covariance, variance1, variance2)) / (4 * math.pi)

    def per(variance: Array) -> Array:
        return jnp.where(variance > 0, sine / jnp.where(variance > 0, variance, 1.0), 0.0)

    change = step_dual(covariance, variance1, variance2) * tangents[0]
    change = change + per(variance1) * tangents[1] + per(variance2) * tangents[2]
    return rectifier_dual(covariance, variance1, variance2), change
