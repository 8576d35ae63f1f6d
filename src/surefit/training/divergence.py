"""When a run counts as diverged, and why it did, in the words of the field."""

from __future__ import annotations

import math

import jax.numpy as jnp

from surefit.core.layer import Params
from surefit.errors import InvalidInputError, NumericalError
from surefit.problem import Problem
from surefit.training.method import Method
from surefit.training.sharpness import gram_largest

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
    smoothness = problem.loss.smoothness(problem.samples)
    if not (math.isfinite(smoothness) and smoothness > 0):
        return f"{head} Use a smaller step size."
    at_start = smoothness * gram_largest(problem, initial)
    limit = method.stability_limit(at_start)
    if limit is None:
        return head
    size = method.spacing
    if size > limit:
        return (
            f"{head} The step size {size:.3g} exceeds 2/lambda_max = {limit:.3g}, where lambda_max "
            f"= {at_start:.3g} is the largest curvature of the loss at the start (that of the "
            "empirical Gram matrix, times the smoothness of the loss): along its eigenvector "
            f'every step overshoots by more than it gains. Use step_size="auto" ({limit / 2:.3g}), '
            f"or any step size below {limit:.3g}."
        )
    now = _sharpness(problem, last, smoothness)
    grown = f" and {now:.3g} at step {step}" if now is not None else ""
    return (
        f"{head} The step size {size:.3g} is below 2/lambda_max = {limit:.3g}, the limit at the "
        "start: the curvature grew along the way (lambda_max = "
        f"{at_start:.3g} at the start{grown}). The network is not in the lazy regime. Use a "
        "smaller step size, or a wider network."
    )


def _sharpness(problem: Problem, params: Params, smoothness: float) -> float | None:
    try:
        return smoothness * gram_largest(problem, params)
    except (InvalidInputError, NumericalError):  # the Gram matrix overflows where outputs do not
        return None
