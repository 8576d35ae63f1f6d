"""The extension point of monitors: what is measured while training."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, NamedTuple

from jaxtyping import Array, Float, Int

from surefit.core.catalogue import snake_case
from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.view import View

__all__ = ["Monitor", "Move"]


class Move(NamedTuple):
    """One step of training.

    Args:
        step: how many steps were made, this one included.
        before: the trained parameters before the step.
        after: those after it.
    """

    step: Int[Array, ""]
    before: Params
    after: Params


class Monitor(abc.ABC):
    """A quantity that is measured while training.

    To add one, write a frozen dataclass in a new file of `surefit/training/monitors/` with a
    `title` and `measure`; the first line of its docstring is what `surefit list` shows. All methods
    that see a `View` or a `Move` are pure functions of their arguments: they are compiled together,
    and monitors that ask the view for the same quantity share one computation of it.

    A monitor of the starting point keeps what it needs of it in a carry made by `start`. A monitor
    that accumulates over every step overrides `update`; the others cost nothing between
    measurements.

    Attributes:
        title: the quantity in words.
        unit: its unit; empty for a plain number.
        expensive: measured less often, so that it takes about a tenth of the training time; other
            monitors are spaced out where a step is long and `flops` of them would take more.
        standard: measured where the caller names no monitors (and the problem allows it).
    """

    title: ClassVar[str]
    unit: ClassVar[str] = ""
    expensive: ClassVar[bool] = False
    standard: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name of the series; a class attribute `name` overrides the snake case."""
        return snake_case(type(self).__name__)

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """Why the quantity cannot be measured on this problem; None if it can.

        Two sentences for the reader: what stands in the way, and what to do instead.
        """
        return None

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The names of the columns of a vector quantity; empty for a number."""
        return ()

    def flops(self, problem: Problem, params: Params) -> float:
        """Rough number of operations of one measurement, beyond what the step computes anyway."""
        return 0.0

    def start(self, view: View) -> Any:
        """The carry at the first parameters: a pytree of arrays.

        Where `update` is not overridden the carry never changes, and is computed again rather than
        stored when an interrupted run goes on.
        """
        return ()

    def update(self, carry: Any, move: Move) -> Any:
        """The carry after one more step, of the same structure."""
        return carry

    @abc.abstractmethod
    def measure(self, carry: Any, view: View) -> Float[Array, ""] | Float[Array, " columns"]:
        """The quantity now."""

    @property
    def accumulates(self) -> bool:
        """Whether `update` does anything."""
        return type(self).update is not Monitor.update
