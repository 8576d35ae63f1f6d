r"""Predicted curves in the clock of a run: steps for descent, time for gradient flow.

Theorems speak of $\tfrac12\|r\|^2$. One step of descent on $c\|r\|^2$ with step $\eta$ is
$h = 2c\eta$ on that scale; one unit of time of its gradient flow is $2c$.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from surefit.core.curve import Curve
from surefit.theory.setting import Setting

__all__ = ["geometric_curve", "geometric_factor", "spectral_curve"]


def _tick(setting: Setting) -> float:
    """How far one unit of the run's clock goes on the scale of half the square."""
    flow = setting.dynamics == "gradient_flow"
    return 2.0 * setting.loss_scale if flow else setting.half_step


def geometric_factor(setting: Setting, speed: float, dynamics: str) -> float | None:
    r"""What $\|r\|^2$ is multiplied by per unit of the run's clock.

    Args:
        setting: the run.
        speed: $a$ in $\|r_{k+1}\|^2 \le (1 - ha)\|r_k\|^2$ or $\|r(t)\|^2 \le e^{-at}\|r_0\|^2$,
            for $\tfrac12\|r\|^2$.
        dynamics: what the theorem is about. A statement about descent is read for a flow as its
            limit of small steps; one about flow is read for descent at the time $kh$. Neither
            reading is covered by the theorem; the check of the dynamics says so.

    Returns:
        The factor; None where it would not lie in [0, 1]: the step is far too large.
    """
    tick = _tick(setting)
    if dynamics == "gradient_flow" or setting.dynamics == "gradient_flow":
        factor = math.exp(-tick * speed)
    else:
        factor = 1.0 - tick * speed
    return factor if 0.0 <= factor <= 1.0 else None


def geometric_curve(setting: Setting, speed: float, dynamics: str) -> Curve | None:
    r"""$\|r_0\|^2 q^k$ with the factor $q$ of `geometric_factor`; None where there is none."""
    factor = geometric_factor(setting, speed, dynamics)
    if factor is None:
        return None
    return Curve.geometric(float(setting.residual_norm) ** 2, factor)


def spectral_curve(
    setting: Setting,
    eigenvalues: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
) -> Curve | None:
    r"""$\sum_i w_i (1 - h\lambda_i)^{2k}$, for flow $\sum_i w_i e^{-2\lambda_i t}$.

    Returns:
        The curve; None where it would grow: the step is above $2/\lambda_{\max}$.
    """
    tick = _tick(setting)
    spectrum = np.maximum(np.asarray(eigenvalues), 0.0)
    if setting.dynamics == "gradient_flow":
        with np.errstate(under="ignore"):
            factors = np.exp(-2.0 * tick * spectrum)
        return _curve(weights, factors)
    moved = 1.0 - tick * spectrum
    return None if np.max(np.abs(moved)) > 1.0 else _curve(weights, moved**2)


def _curve(weights: Float[np.ndarray, " n"], factors: Float[np.ndarray, " n"]) -> Curve:
    return Curve(tuple(map(float, weights)), tuple(map(float, factors)))
