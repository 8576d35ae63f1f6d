"""What suffices to reach a loss: measured along a run, or predicted by the kernel at the start."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from surefit.core.trajectory import Trajectory
from surefit.theory.setting import Setting

__all__ = ["Practice", "practice"]


@dataclasses.dataclass(frozen=True)
class Practice:
    """What suffices.

    Args:
        width: of the network at hand.
        half_step: the step for half the sum of squares.
        iterations: until the target; infinite if it is not reached.
        measured: whether a run reached it; otherwise the kernel at the start predicts it.
    """

    width: int
    half_step: float
    iterations: float
    measured: bool


def practice(setting: Setting, target: float, run: Trajectory | None = None) -> Practice:
    r"""What a run needed, or what the kernel at the start predicts for $1/\lambda_{\max}$.

    Args:
        setting: the problem and its start.
        target: the loss that is to be reached.
        run: with the series of the loss.
    """
    width = setting.structure.width
    if run is not None:
        below = np.flatnonzero(np.asarray(run["loss"].values) <= target)
        steps = float(run["loss"].times[below[0]]) if below.size else math.inf
        half = 2.0 * setting.loss_scale * run.step_size
        return Practice(width, half, steps, measured=True)
    spectrum = setting.gram_spectrum
    values = np.maximum(np.asarray(spectrum.eigenvalues), 0.0)
    shares = (np.asarray(spectrum.eigenvectors).T @ setting.residual) ** 2
    half = 1.0 / spectrum.largest.upper
    return Practice(width, half, _steps(values, shares, half, target / setting.loss_scale), False)


def _steps(
    values: Float[np.ndarray, " nk"], shares: Float[np.ndarray, " nk"], half: float, target: float
) -> float:
    r"""The first $t$ with $\sum_i(1-h\lambda_i)^{2t}s_i \le$ target, by bisection."""
    logs = np.log(np.maximum(np.abs(1.0 - half * values), 1e-300))

    def left(t: float) -> float:
        with np.errstate(under="ignore"):
            return float(np.exp(2.0 * t * logs) @ shares)

    low, high = 0.0, 1.0
    if left(0.0) <= target:
        return 0.0
    while left(high) > target:
        low, high = high, 2.0 * high
        if high > 1e18:
            return math.inf
    while high - low > max(0.5, 1e-12 * high):
        middle = (low + high) / 2.0
        low, high = (middle, high) if left(middle) > target else (low, middle)
    return float(math.ceil(high))
