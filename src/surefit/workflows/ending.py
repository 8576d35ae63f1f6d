"""When training ends: at a target loss, when a certificate holds, or where none can ever hold."""

from __future__ import annotations

import dataclasses
import math

from surefit.certificates import fires
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.curvature import linear_in_parameters, two_layer_view
from surefit.problem import Problem
from surefit.training.classes import classes_obstacle, share_correct
from surefit.training.setup import StopCondition

__all__ = ["DEEP_LOSS", "FITTED", "Goal", "accuracy", "all_correct", "goal"]

# How often (in steps) training asks whether a certificate holds.
ASK_EVERY = 1000
# Training goes on a little after the sharpest certificate holds (condition 1): the certified rate
# is poor at first, and the classical theorem on gradient flow needs half the residual.
STOP_AT = 0.4
# Of the loss at the start, where no certificate can end the run: the residual is a thousandth of
# what it was, enough to see every rate.
FITTED = 1e-6
# Of the loss at the start, where polishing comes next: the residual is a hundredth.
POLISHABLE = 1e-4
# The loss at which deep networks count as trained with the squared loss: a sum over the samples.
DEEP_LOSS = 1e-6


@dataclasses.dataclass(frozen=True)
class Goal:
    """When to stop, besides the limit of steps.

    Args:
        target_loss: stop at this loss; None: there is no such loss.
        stop: asked now and then; None: nothing is asked.
        words: what is reached there, where it is no loss.
    """

    target_loss: float | None
    stop: StopCondition | None
    words: str = ""


def goal(
    problem: Problem,
    params: Params,
    target_loss: float | None,
    step_size: float | None,
    *,
    deep: bool = False,
    large: bool = False,
    polished: bool = False,
) -> Goal:
    """When a run from `params` ends.

    Args:
        problem: network, loss and data.
        params: the initial parameters.
        target_loss: what was asked for; it has the last word.
        step_size: of gradient descent, what certificates speak of; None: no descent.
        deep: whether the run is about the theorems on deep networks: they promise a small loss,
            or with cross-entropy that all training samples are classified correctly.
        large: whether the problem is so large that a deep network ends there with any loss.
        polished: whether polishing comes next, which goes from a rough fit to an exact one.
    """
    squared = problem.loss.residual_scale(problem.samples) is not None
    if target_loss is not None:
        return Goal(target_loss, None)
    if deep:
        return _deep_goal(problem, params, squared and not large)
    if not (squared and _by_training(problem, params)):
        # Certificates are about the squared loss, and plain descent seldom comes near enough for
        # the bounds of rectifiers, equilibria and deep networks: asking again and again is vain.
        return Goal(_share(problem, params, POLISHABLE if polished else FITTED), None)

    def certified(problem: Problem, params: Params, step: int) -> bool:
        # A function of the step alone, so that a resumed run asks at the same steps.
        return step % ASK_EVERY == 0 and fires(problem, params, step_size, condition=STOP_AT)

    return Goal(_share(problem, params, POLISHABLE) if polished else None, certified)


def _share(problem: Problem, params: Params, share: float) -> float:
    least, start = problem.loss.minimum, float(problem.objective(params))
    return least + share * (start - least)


def _by_training(problem: Problem, params: Params) -> bool:
    """Whether descent alone can be expected to reach a certificate."""
    if linear_in_parameters(problem, params):
        return True
    view = two_layer_view(problem, params)
    return view is not None and math.isfinite(view.activation.smoothness)


def _deep_goal(problem: Problem, params: Params, exact: bool) -> Goal:
    if not exact and classes_obstacle(problem) is None:
        return Goal(None, all_correct, "all training samples are classified correctly")
    start = float(problem.objective(params)) - problem.loss.minimum
    target = DEEP_LOSS if exact else FITTED * start
    return Goal(problem.loss.minimum + min(target, start / 2.0), None)


def all_correct(problem: Problem, params: Params, step: int) -> bool:
    """Whether every training sample is classified correctly."""
    return accuracy(problem, params) == 1.0


@float64
def accuracy(problem: Problem, params: Params) -> float:
    """The share of the training samples that are classified correctly."""
    return float(share_correct(problem.predict(params), problem.y))
