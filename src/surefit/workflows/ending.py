"""When training ends: at a target loss, when a certificate holds, or where none can ever hold."""

from __future__ import annotations

import dataclasses

from surefit.certificates import fires
from surefit.core.layer import Params
from surefit.curvature import curvature_profile
from surefit.problem import Problem
from surefit.training.setup import StopCondition

__all__ = ["Goal", "goal"]

# How often (in steps) training asks whether a certificate holds.
ASK_EVERY = 1000
# Training goes on a little after the sharpest certificate holds (condition 1): the certified rate
# is poor at first, and the classical theorem on gradient flow needs half the residual.
STOP_AT = 0.4
# Of the loss at the start, where no certificate can end the run: the residual is a thousandth of
# what it was, enough to see every rate.
FITTED = 1e-6


@dataclasses.dataclass(frozen=True)
class Goal:
    """When to stop, besides the limit of steps.

    Args:
        target_loss: stop at this loss; None: there is no such loss.
        stop: asked now and then; None: nothing is asked.
        certifiable: whether a certificate is possible for the network at all.
    """

    target_loss: float | None
    stop: StopCondition | None
    certifiable: bool


def goal(
    problem: Problem, params: Params, target_loss: float | None, step_size: float | None
) -> Goal:
    """When a run from `params` ends.

    Args:
        problem: network, loss and data.
        params: the initial parameters.
        target_loss: what was asked for; it has the last word.
        step_size: of gradient descent, what certificates speak of; None: no descent.
    """
    squared = problem.loss.residual_scale(problem.samples) is not None
    certifiable = squared and curvature_profile(problem, params) is not None
    if target_loss is not None:
        return Goal(target_loss, None, certifiable)
    if not certifiable:
        # Rectifiers, equilibria and deep networks have no curvature bound, and certificates are
        # about the squared loss: asking would be vain.
        least = problem.loss.minimum
        start = float(problem.objective(params))
        return Goal(least + FITTED * (start - least), None, certifiable)

    def certified(problem: Problem, params: Params, step: int) -> bool:
        # A function of the step alone, so that a resumed run asks at the same steps.
        return step % ASK_EVERY == 0 and fires(problem, params, step_size, condition=STOP_AT)

    return Goal(None, certified, certifiable)
