"""The loss over time, and when it falls to a given value, from the modes of the residual."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64
from scipy.optimize import brentq

from surefit.errors import InvalidInputError
from surefit.function_space.filters import Converged, Descent, Flow, SpectralFilter

__all__ = ["loss_of", "steps_to_loss", "time_to_loss"]

Values = Float64[np.ndarray, " n"]

# Twice the logarithm of the largest float over the smallest eigenvalue: no mode lives longer.
_LONGEST = 800.0
# More steps than this are not counted one by one by any float.
_MOST_STEPS = 2**53


def loss_of(filter_: SpectralFilter, eigenvalues: Values, weights: Values) -> float:
    r"""$\frac12\sum_i(1 - \lambda_ig(\lambda_i))^2w_i$.

    Args:
        filter_: the algorithm and its time.
        eigenvalues: $\lambda_i$.
        weights: $w_i = \|v_i^\top(y - f_0)\|^2$.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return 0.5 * float(np.sum(filter_.residual(eigenvalues) ** 2 * weights))


def require_loss(loss: float, call: str) -> None:
    """A loss to wait for.

    Raises:
        InvalidInputError: it is not above 0.
    """
    if not loss > 0.0:
        raise InvalidInputError(
            f"`{call}(loss=...)` must be above 0. Got {loss}. A sum of decaying exponentials "
            "reaches 0 at no finite time. Write the loss that is small enough for you."
        )


def time_to_loss(loss: float, eigenvalues: Values, weights: Values, ridge: float) -> float:
    """The time at which gradient flow has this loss; infinite where it never does.

    Args:
        loss: half the sum of squares, above 0.
        eigenvalues: of the kernel.
        weights: of the residual at the start.
        ridge: 0 or more.

    Raises:
        InvalidInputError: the loss is not above 0.

    Cost: about 60 evaluations of the sum; the loss falls at all times.
    """
    require_loss(loss, "time_to_loss")

    def excess(time: float) -> float:
        return float(loss_of(Flow(time, ridge), eigenvalues, weights) - loss)

    if excess(0.0) <= 0.0:
        return 0.0
    if loss_of(Converged(ridge), eigenvalues, weights) >= loss:
        return math.inf
    rates = (eigenvalues + ridge)[eigenvalues != 0.0]
    longest = _LONGEST / float(rates[rates > 0.0].min())
    shortest = longest
    while shortest > 0.0 and excess(shortest) <= 0.0:
        longest, shortest = shortest, shortest / 4.0
    if excess(longest) > 0.0:
        return math.inf
    return float(brentq(excess, shortest, longest, xtol=1e-14 * longest, rtol=1e-14))


def steps_to_loss(
    loss: float, eigenvalues: Values, weights: Values, ridge: float, step_size: float
) -> int | None:
    """The first step of gradient descent with at most this loss; None where there is none.

    Raises:
        InvalidInputError: the loss is not above 0, or the step is so long that the loss need not
            fall at every step.

    Cost: about 110 evaluations of the sum.
    """
    require_loss(loss, "steps_to_loss")
    largest = float(eigenvalues.max()) + ridge
    limit = (1.0 if ridge > 0.0 else 2.0) / largest if largest > 0.0 else math.inf
    if step_size > limit * (1.0 + 1e-9):
        raise InvalidInputError(
            f"`steps_to_loss(step_size=...)` must be at most {limit:.6g}. Got {step_size:g}. "
            "Beyond that a mode of the residual overshoots or grows, and the loss need not fall "
            "at every step. Leave step_size out for the safe one, or look at `losses_after`."
        )

    def reached(steps: int) -> bool:
        return bool(loss_of(Descent(steps, step_size, ridge), eigenvalues, weights) <= loss)

    return _first(reached)


def _first(reached: Callable[[int], bool]) -> int | None:
    """The first number of a monotone condition: doubling, then bisection."""
    if reached(0):
        return 0
    high = 1
    while not reached(high):
        high *= 2
        if high > _MOST_STEPS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
