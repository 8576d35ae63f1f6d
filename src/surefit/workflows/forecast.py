"""How long training will take, as the tangent kernel at the start predicts."""

from __future__ import annotations

import dataclasses
import math
import time

import jax
import numpy as np
from jaxtyping import Float

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.problem import Problem

__all__ = ["Forecast", "seconds_per_gradient", "steps_to"]

_NEVER = 1e12


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What the linearised network needs.

    Args:
        steps: predicted number of steps; infinite where it is never reached.
        seconds: of one step; None: not measured.
    """

    steps: float
    seconds: float | None = None

    def describe(self, limit: int) -> str:
        """The forecast in words, with a warning where the limit of steps is too small."""
        if not math.isfinite(self.steps):
            return "never by the tangent kernel at the start, which is singular"
        text = f"about {_rounded(self.steps)} steps by the tangent kernel at the start"
        if self.seconds is not None:
            text += f", {_duration(self.steps * self.seconds)}"
        if self.steps > limit:
            text += f"; the limit is {limit} (--steps)"
        return text


def steps_to(
    target: float,
    half_step: float,
    eigenvalues: Float[np.ndarray, " n"],
    energies: Float[np.ndarray, " n"],
) -> float:
    r"""The first $t$ with $\sum_i(1 - h\lambda_i)^{2t}e_i \le$ target, by bisection.

    Exact for gradient descent on a linearised network; for stochastic descent the mean residual
    follows the same law.

    Args:
        target: of $\|r\|^2$.
        half_step: $h$, the step for half the sum of squares.
        eigenvalues: $\lambda_i$ of the Gram matrix.
        energies: $e_i$, squares of the coordinates of the residual at the start.

    Returns:
        Infinite where the eigenvalues are too small, or too large for the step.
    """
    # Rounding puts vanishing eigenvalues on either side of 0.
    factors = np.abs(1.0 - half_step * np.maximum(eigenvalues, 0.0))
    with np.errstate(divide="ignore"):
        logs = np.log(factors)

    def left(t: float) -> float:
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            decay = np.where(factors == 1.0, 1.0, np.exp(2.0 * t * logs))
        return float(decay @ energies)

    if float(np.sum(energies)) <= target:
        return 0.0
    if left(_NEVER) > target:
        return math.inf
    low, high = 0.0, _NEVER
    while high - low > max(0.5, 1e-9 * high):
        middle = (low + high) / 2.0
        low, high = (middle, high) if left(middle) > target else (low, middle)
    return float(math.ceil(high))


@float64
def seconds_per_gradient(problem: Problem, params: Params) -> float:
    """Measured time of one gradient over all samples.

    A product with the Gram matrix is a backward and a forward pass behind a first one: about as
    much as a gradient and a half. The first call compiles.
    """
    params = jax.tree.map(jax.numpy.asarray, params)
    v = np.ones(problem.residuals)
    jax.block_until_ready(problem.gram_product(params, v))
    begun = time.perf_counter()
    jax.block_until_ready(problem.gram_product(params, v))
    return (time.perf_counter() - begun) / 1.5


def _rounded(number: float) -> str:
    digits = max(0, math.floor(math.log10(max(number, 1.0))) - 1)
    return f"{round(number, -digits):,.0f}".replace(",", " ")


def _duration(seconds: float) -> str:
    for limit, unit, size in ((90.0, "seconds", 1.0), (5400.0, "minutes", 60.0)):
        if seconds < limit:
            return f"about {max(1.0, seconds / size):.0f} {unit}"
    return f"about {seconds / 3600.0:.1f} hours"
