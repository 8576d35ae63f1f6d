"""The angle between two Gaussian features."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["angle", "correlation"]


def correlation(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$\rho = c/\sqrt{st}$ in [-1, 1]; 0 where a variance is 0."""
    scale = jnp.sqrt(variance1 * variance2)
    positive = scale > 0
    rho = jnp.where(positive, covariance / jnp.where(positive, scale, 1.0), 0.0)
    return jnp.clip(rho, -1.0, 1.0)


def angle(
    covariance: Float[Array, "..."],
    variance1: Float[Array, "..."],
    variance2: Float[Array, "..."],
) -> Float[Array, "..."]:
    r"""$\theta = \arccos(c/\sqrt{st})$, with every digit that $c$ carries.

    $\operatorname{arccos}\rho$ rounds $1-\rho$ to the spacing of floats at 1; the product
    $(\sqrt{st}-c)(\sqrt{st}+c)$ keeps it.
    """
    scale = jnp.sqrt(variance1 * variance2)
    sine = jnp.sqrt(jnp.maximum(scale - covariance, 0.0) * jnp.maximum(scale + covariance, 0.0))
    # Two zero-variance features have no angle; a right angle makes every dual below vanish or
    # take its value at independence.
    both = scale > 0
    return jnp.arctan2(jnp.where(both, sine, 1.0), jnp.where(both, covariance, 0.0))
