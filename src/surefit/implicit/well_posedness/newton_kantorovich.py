"""Existence of the equilibrium of one sample, for activations with a bounded second derivative."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.rounding import UNIT_ROUNDOFF, frobenius_norm_bound, gamma
from surefit.implicit.well_posedness.inverse import outward, verified_inverse

__all__ = ["newton_kantorovich_distance"]

# Rounding of one evaluation of an activation or of its derivative, in units: libraries of
# elementary functions stay within a few, differentiated code within some more.
_EVALUATION = 64


def newton_kantorovich_distance(
    weights: Float[np.ndarray, "m m"],
    activation: Activation,
    x: Float[np.ndarray, " m"],
    state: Float[np.ndarray, " m"],
) -> float | None:
    r"""How far an equilibrium is from the state at most; None where none is proved to exist.

    For $F(h) = h - \phi(Wh + x)$, $M = F'(h) = I - \operatorname{diag}\phi'(g)\,W$ and
    $B = \sup|\phi''|$,

    $$\|F'(h) - F'(h')\|_2 \le B\,\|W\|_2\max_j\|W_j\|_2\,\|h - h'\|_2 =: \kappa\|h - h'\|_2.$$

    If $\alpha = \|M^{-1}\|\,\kappa\,\|M^{-1}F(h)\| \le \tfrac12$, there is an equilibrium within
    $2\|M^{-1}F(h)\|$ of $h$ (Newton-Kantorovich).

    Args:
        weights: $W$.
        activation: $\phi$, with a finite `smoothness` $B$.
        x: the input of the sample.
        state: $h$, approximately.

    Cost: $4m^3$ operations.

    References:
        P. Deuflhard, Newton Methods for Nonlinear Problems (2011), Theorem 2.1.
    """
    curvature = activation.smoothness
    g = weights @ state + x
    if not np.isfinite(g).all():
        return None
    uncertain = gamma(g.size + 2) * (np.abs(weights) @ np.abs(state) + np.abs(x))
    value = np.asarray(activation(jnp.asarray(g)))
    slope = np.asarray(activation.derivative(jnp.asarray(g)))
    unit = _EVALUATION * UNIT_ROUNDOFF
    slope_error = curvature * uncertain + unit * (1.0 + np.abs(slope))
    value_error = (np.abs(slope) + slope_error) * uncertain + unit * (np.abs(value) + np.abs(state))
    size = frobenius_norm_bound(weights)
    product = slope[:, None] * weights
    formed = outward(float(slope_error.max(initial=0.0)) * size) + 3 * UNIT_ROUNDOFF * (
        frobenius_norm_bound(product) + g.size**0.5
    )
    inverse = verified_inverse(np.eye(g.size) - product, outward(formed))
    if inverse is None:
        return None
    error = outward(frobenius_norm_bound(value_error))
    correction = inverse.solution_norm(state - value, error)
    row = float(np.linalg.norm(weights, axis=1).max(initial=0.0)) * (1.0 + gamma(g.size + 2))
    # The Frobenius norm instead of the operator norm: the correction is a few roundings.
    alpha = outward(inverse.norm * curvature * size * row * correction)
    return outward(2.0 * correction) if alpha <= 0.5 else None
