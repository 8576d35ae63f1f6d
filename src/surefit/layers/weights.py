"""Random weight matrices: parameterisations, and the distributions of their entries."""

from __future__ import annotations

import math
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

__all__ = ["Distribution", "Parameterisation", "draw_weights", "layer_scales", "weight_scales"]

Parameterisation = Literal["ntk", "standard", "mean_field", "unscaled"]
Distribution = Literal["gaussian", "rademacher", "uniform"]


def weight_scales(parameterisation: str, width: int, weight_std: float) -> tuple[float, float]:
    r"""Factor $a$ in front of the matrix, and standard deviation of its entries.

    Args:
        parameterisation: one of `Parameterisation`.
        width: incoming features $m$.
        weight_std: $\sigma_w$.
    """
    return {
        "ntk": (weight_std / math.sqrt(width), 1.0),
        "standard": (1.0, weight_std / math.sqrt(width)),
        "mean_field": (1.0 / width, weight_std),
        "unscaled": (1.0, weight_std),
    }[parameterisation]


def layer_scales(
    parameterisation: str, width: int, weight_std: float, bias_std: float | None
) -> tuple[float, float, float, float]:
    r"""The row (a, std of W, a_b, std of b) of the table of `Dense`.

    Args:
        parameterisation: one of `Parameterisation`.
        width: incoming features $m$.
        weight_std: $\sigma_w$.
        bias_std: $\sigma_b$; None: no bias, which counts as 0.
    """
    scale, std = weight_scales(parameterisation, width, weight_std)
    bias = bias_std or 0.0
    return (scale, std, bias, 1.0) if parameterisation == "ntk" else (scale, std, 1.0, bias)


def draw_weights(
    key: PRNGKeyArray, shape: tuple[int, int], distribution: str
) -> Float[Array, "features width"]:
    r"""Independent entries in JAX's current default precision.

    Args:
        key: randomness.
        shape: rows (outgoing features) and columns (incoming features $m$).
        distribution: `gaussian`, `rademacher` ($\pm1$) and `uniform` (on $[-\sqrt3, \sqrt3]$) have
            mean 0 and variance 1; `non_negative` is $|g|\sqrt{\pi/(2m)}$ with $g$ Gaussian, so that
            rows sum to $\sqrt m$ in the mean, which is then close to the operator norm.
    """
    dtype = jnp.zeros(()).dtype
    if distribution == "rademacher":
        return jax.random.rademacher(key, shape, dtype)
    if distribution == "uniform":
        return jax.random.uniform(key, shape, dtype, -math.sqrt(3.0), math.sqrt(3.0))
    normal = jax.random.normal(key, shape, dtype)
    if distribution == "non_negative":
        return jnp.abs(normal) * math.sqrt(math.pi / (2.0 * shape[1]))
    return normal
