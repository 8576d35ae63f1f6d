"""The arc-cosine kernels: duals of the rectifier and of its derivative, the step."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.angle import gap, root
from surefit.activations.fast_arc_cosine import angle_and_excess

__all__ = ["duals_at_distance", "rectified", "rectifier_dual", "step_dual"]


def step_dual(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$P(u > 0, v > 0) = (\pi - \theta)/(2\pi)$ with $\cos\theta = c/\sqrt{st}$.

    References:
        Cho, Saul (2009), Kernel methods for deep learning, eq. (3) with n = 0, halved.
    """
    theta, _ = angle_and_excess(_defect(covariance, variance1, variance2))
    share = theta / (2 * math.pi)
    return jnp.where(covariance >= 0, 0.5 - share, share)


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
    _, excess = angle_and_excess(_defect(covariance, variance1, variance2))
    scale = root(variance1) * root(variance2)
    return jnp.where(covariance >= 0, covariance / 2, 0.0) + scale * excess / (2 * math.pi)


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


def duals_at_distance(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
    distance: Float[Array, "..."],
) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
    r"""$E[u_+v_+]$, $P(u>0,v>0)$ and $\frac12E(u_+-v_+)^2$, given $\frac12E(u-v)^2 = d$.

    With $e = (d - \frac12(\sqrt s-\sqrt t)^2)/\sqrt{st}$ for $c \ge 0$ the angle has the relative
    accuracy of $d$ where the variances are equal, and the new distance is
    $\frac12(d + \min(c, 0)) - \frac{\sqrt{st}}{2\pi}(\sin\vartheta-\vartheta\cos\vartheta)$,
    $\vartheta = \arccos|\rho|$, whose second term is the smaller one by far for close pairs.
    """
    roots = root(variance1), root(variance2)
    inverses = map(_reciprocal, roots)
    return rectified(covariance, variance1, variance2, *roots, *inverses, distance)


@jax.jit
def rectified(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
    root1: Float[Array, "..."],
    root2: Float[Array, "..."],
    inverse1: Float[Array, "..."],
    inverse2: Float[Array, "..."],
    distance: Float[Array, "..."],
) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
    """`duals_at_distance`, given the roots of the variances and their inverses, 0 for 0.

    One function, because `surefit.tangent.native` has it as one operation.
    """
    scale = root1 * root2
    inverse = inverse1 * inverse2
    near, positive = distance - (root1 - root2) ** 2 / 2, covariance >= 0
    zero = inverse <= 0
    far = gap(covariance, variance1, variance2) / jnp.where(zero, 1.0, scale - covariance)
    defect = jnp.where(zero, 1.0, jnp.where(positive, near, far) * inverse)
    theta, excess = angle_and_excess(defect)
    excess, share = scale * excess / (2 * math.pi), theta / (2 * math.pi)
    below = jnp.where(positive, 0.0, covariance)
    return (
        (covariance - below) / 2 + excess,
        jnp.where(positive, 0.5 - share, share),
        (distance + below) / 2 - excess,
    )


def _reciprocal(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.where(x <= 0, 0.0, 1.0 / jnp.where(x <= 0, 1.0, x))


def _defect(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$1 - |\rho|$ with every digit that the arguments carry; 1 where a variance is 0.

    $1 - \rho^2$ divided by $1 + |\rho|$, so that a right angle stands for no angle.
    """
    scale = root(variance1) * root(variance2)
    bound = scale * (scale + jnp.abs(covariance))
    zero = bound <= 0
    square = gap(covariance, variance1, variance2)
    return jnp.where(zero, 1.0, square / jnp.where(zero, 1.0, bound))
