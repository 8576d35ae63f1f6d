"""Existence of the equilibrium of one sample, for activations that are linear on two sides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.core.rounding import SMALLEST, UNIT_ROUNDOFF, frobenius_norm_bound, gamma, up
from surefit.implicit.well_posedness.inverse import outward, verified_inverse

__all__ = ["linear_piece_distance"]


def linear_piece_distance(
    weights: Float[np.ndarray, "m m"],
    slopes: tuple[float, float],
    x: Float[np.ndarray, " m"],
    state: Float[np.ndarray, " m"],
) -> float | None:
    r"""How far an equilibrium is from the state at most; None where none is proved to exist.

    With $D$ the slopes of the sides on which the pre-activations $g = Wh + x$ lie, the fixed point
    of that linear piece is $h^* = (I - DW)^{-1}Dx$, at the distance $\|M^{-1}r\|$ from $h$, with
    $M = I - DW$ and $r = Dg - h$. It is an equilibrium if no pre-activation changes sides on the
    way: $\|W_j\|\,\|M^{-1}r\| \le |g_j|$ for every $j$. All bounds contain the rounding errors of
    their own computation. Where a slope is 0, so is the state: $M$ has the size of the active set.

    Args:
        weights: $W$.
        slopes: of the activation below and above zero.
        x: the input of the sample.
        state: $h$, approximately.

    Cost: $4s^3$ operations, with $s$ the number of active features.
    """
    below, above = slopes
    first = weights @ state + x
    slope = np.where(first > 0, above, below)
    # One step of the map: exactly zero where the slope is.
    h = slope * first
    g = weights @ h + x
    if not np.isfinite(g).all():
        return None
    rounding = gamma(h.size + 2) * (np.abs(weights) @ np.abs(h) + np.abs(x))
    rounding = up(rounding * (1.0 + 4 * gamma(h.size + 2))) + (h.size + 2) * SMALLEST
    # A sum of zeros is exact.
    rounding = np.where(h.any() | (x != 0.0), rounding, 0.0)
    active = slope != 0.0
    d, own = slope[active], h[active]
    residual = d * g[active] - own
    uncertain = np.abs(d) * rounding[active] + 3 * UNIT_ROUNDOFF * (
        np.abs(d * g[active]) + np.abs(own)
    )
    scaled = d[:, None] * weights[np.ix_(active, active)]
    matrix = np.eye(own.size) - scaled
    formed = 3 * UNIT_ROUNDOFF * (frobenius_norm_bound(scaled) + own.size**0.5)
    inverse = verified_inverse(matrix, outward(formed)) if own.size else None
    if own.size and inverse is None:
        return None
    distance = (
        inverse.solution_norm(residual, outward(frobenius_norm_bound(uncertain)))
        if inverse is not None
        else 0.0
    )
    if below != above:
        rows = np.linalg.norm(weights[:, active], axis=1) * (1.0 + 4 * gamma(h.size + 2))
        shift = (rows * distance + rounding) * (1.0 + 2.0**-48)
        shift = shift + 2 * SMALLEST * (distance > 0.0)
        # At zero both slopes give the same value: reaching it is no change of sides.
        if np.any(np.where(first > 0, g, -g) < shift):
            return None
    return distance
