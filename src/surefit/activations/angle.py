"""The angle between two Gaussian features, and what it is made of."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["angle", "correlation", "gap", "root"]


def root(x: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""$\sqrt{\max(x, 0)}$ whose derivative at 0 is 0 and not infinite.

    Comparisons in this file and its neighbours are such that what is not a number stays so.
    """
    zero = x <= 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, x)))


@jax.jit
def gap(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$st - c^2 \ge 0$, with the digits that cancellation would lose.

    With $a = s - |c|$ and $b = t - |c|$ it is $ab + |c|(a + b)$. Where $s \approx t$, both
    differences are exact near $|\rho| = 1$, and so is every digit of the result.
    """
    size = jnp.abs(covariance)
    a, b = variance1 - size, variance2 - size
    near = jnp.abs(variance1 - variance2) <= 0.5 * jnp.minimum(variance1, variance2)
    value = jnp.where(near, a * b + size * (a + b), variance1 * variance2 - size**2)
    # A maximum would halve the derivative where the gap is exactly 0.
    return value + jax.lax.stop_gradient(jnp.maximum(value, 0.0) - value)


def correlation(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$\rho = c/\sqrt{st}$ in [-1, 1]; 0 where a variance is 0."""
    scale = root(variance1 * variance2)
    zero = scale <= 0
    rho = jnp.where(zero, 0.0, covariance / jnp.where(zero, 1.0, scale))
    return rho + jax.lax.stop_gradient(jnp.clip(rho, -1.0, 1.0) - rho)


def angle(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$\theta = \arccos(c/\sqrt{st})$, with every digit that the arguments carry.

    $\operatorname{arccos}\rho$ rounds $1-\rho$ to the spacing of floats at 1;
    $\theta = \operatorname{arctan2}(\sqrt{st-c^2}, c)$ keeps it. A feature of variance 0 has no
    angle; a right angle makes the duals vanish or take their value at independence.
    """
    none = variance1 * variance2 <= 0
    sine = root(gap(covariance, variance1, variance2))
    return jnp.arctan2(jnp.where(none, 1.0, sine), jnp.where(none, 0.0, covariance))
