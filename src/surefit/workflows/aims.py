"""What training is after, in words: before it begins, and once it is reached."""

from __future__ import annotations

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training import Method
from surefit.training.classes import classes_obstacle
from surefit.workflows.appraisal import Appraisal, forecast
from surefit.workflows.deep_networks import DEEP
from surefit.workflows.ending import DEEP_LOSS, Goal, accuracy
from surefit.workflows.preparation import Bench

__all__ = ["announcement", "what_was_reached"]


def announcement(bench: Bench, appraisal: Appraisal, method: Method, end: Goal) -> str:
    """What training does, until when, and how long that will take."""
    text = f"Training by {bench.method}, step size {method.spacing:.4g}"
    if bench.spec.network not in DEEP:
        return text
    loss = DEEP_LOSS if end.target_loss is None else end.target_loss
    coming = forecast(bench, appraisal, loss)
    told = "" if coming is None else coming.describe(bench.spec.steps)
    if not end.words:
        return f"{text}, until the loss is {loss:.3g}" + (f": {told}" if told else "")
    text += f", until {end.words}"
    return f"{text}. The loss {loss:g} would take {told}: --target-loss {loss:g}" if told else text


def what_was_reached(problem: Problem, trained: Params, end: Goal) -> str:
    """What training was to reach and did."""
    if end.words:
        return end.words
    if classes_obstacle(problem) is not None:
        return "the loss that was the goal"
    share = accuracy(problem, trained)
    return f"the loss that was the goal, {100.0 * share:.4g} % of the samples classified correctly"
