"""The share of samples that are classified correctly."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.classes import classes_obstacle, share_correct
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["Accuracy"]


@dataclasses.dataclass(frozen=True)
class Accuracy(Monitor):
    """The share of the training samples that are classified correctly.

    One output with two different target values: the output lies on the target's side of the middle
    between them (the sign, for targets of plus and minus one). Several outputs with one-hot
    targets, centred or not: the target's output is the largest. A tie is a mistake.
    """

    title = "training accuracy"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The targets must be classes."""
        return classes_obstacle(problem)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """Between 0 and 1."""
        return share_correct(view.outputs, view.problem.y)
