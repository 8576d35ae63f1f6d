"""When a run counts as diverged, and why it did, in the words of the field."""

from __future__ import annotations

import math

import jax.numpy as jnp

from surefit.core.layer import Params
from surefit.errors import InvalidInputError, NumericalError
from surefit.problem import Problem
from surefit.training.method import Method

__all__ = ["GROWTH", "divergence_message", "loss_limit"]

GROWTH = 1e6
"""A loss that has grown by this factor counts as diverged."""


def loss_limit(problem: Problem, loss: float) -> float:
    """The loss above which a run that began at `loss` counts as diverged.

    `GROWTH` times the loss at the start or that of outputs that are zero, whichever is larger, both
    above the minimum of the loss: a run that begins next to a solution may move at all.
    """
    least = problem.loss.minimum
    zero = float(problem.loss(jnp.zeros_like(problem.y), problem.y))
    return least + GROWTH * max(loss - least, zero - least, 1e-30)


def divergence_message(
    problem: Problem, method: Method, *, initial: Params, last: Params, step: int, what: str
) -> str:
    """What happened at which step, what the step size has to do with it, and what to do.

    Args:
        problem: network, loss and data.
        method: settled.
        initial: all parameters at the start.
        last: all parameters at the last step that is kept.
        step: that step.
        what: what happened behind it.
    """
    head = f"Diverged after step {step}: {what}. The parameters at step {step} are kept."
    at_start = _sharpness(problem, method, initial)
    if at_start is None:
        return head
    if math.isnan(at_start):
        return f"{head} Use a smaller step size."
    size, limit = method.spacing, 2.0 / at_start
    if size > limit:
        return (
            f"{head} The step size {size:.3g} exceeds 2/lambda_max = {limit:.3g}, where lambda_max "
            f"= {at_start:.3g} is the largest curvature of the loss that a step can meet at the "
            "start (that of the empirical Gram matrix, times the smoothness of the loss): along "
            f'its eigenvector every step overshoots. Use step_size="auto" ({limit / 2:.3g}), or '
            f"any step size below {limit:.3g}."
        )
    now = _sharpness(problem, method, last)
    grown = "" if now is None or math.isnan(now) else f" and {now:.3g} at step {step}"
    return (
        f"{head} The step size {size:.3g} is below 2/lambda_max = {limit:.3g}, the limit at the "
        f"start: the curvature grew along the way (lambda_max = {at_start:.3g} at the start"
        f"{grown}). The network is not in the lazy regime. Use a smaller step size, or a wider "
        "network."
    )


def _sharpness(problem: Problem, method: Method, params: Params) -> float | None:
    try:
        return method.sharpness(problem, params)
    except (InvalidInputError, NumericalError):
        # The loss has no bounded curvature, or the Gram matrix overflows where outputs do not.
        return math.nan
