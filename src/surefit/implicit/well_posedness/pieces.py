"""Activations that are linear on either side of zero."""

from __future__ import annotations

import jax.numpy as jnp

from surefit.activations import Activation
from surefit.core.precision import float64

__all__ = ["slopes"]


@float64
def slopes(activation: Activation) -> tuple[float, float] | None:
    r"""The slopes of $\phi$ below and above zero; None if it is not linear there.

    $\phi(az) = a\phi(z)$ for all $a \ge 0$ makes $\phi$ linear on both sides of zero, with the
    slopes $-\phi(-1)$ and $\phi(1)$.
    """
    if not activation.homogeneous:
        return None
    below, above = activation(jnp.asarray([-1.0, 1.0]))
    return -float(below), float(above)
