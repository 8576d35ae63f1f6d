"""At which steps training pauses, measures and asks: a function of the step number only.

Pauses never depend on the clock, so that a run that was interrupted and goes on passes through the
same ones as a run that never stopped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

__all__ = ["Pause", "Schedule"]

# Steps up to here are measured one by one, then so many per doubling.
_DENSE, _PER_OCTAVE = 16, 8
# Where chunks are short, cheap monitors need not measure at every pause.
_WIDEST = 250


@dataclasses.dataclass(frozen=True)
class Pause:
    """A step at which the compiled loop returns.

    Args:
        step: how many steps were made.
        cheap: whether cheap monitors measure here.
        expensive: whether expensive monitors measure here.
        asked: whether the caller's stop condition is asked here.
    """

    step: int
    cheap: bool
    expensive: bool
    asked: bool


@dataclasses.dataclass(frozen=True)
class Schedule:
    """At which steps training pauses, measures and asks.

    The caller's stop condition is asked after 0, 1, 2, 4, 8, ... steps up to `chunk`, then every
    `chunk` steps; the loop never runs longer than that without a pause. Cheap monitors measure at
    the multiples of `every`, or by default at every step up to 16, then eight times per doubling
    and at least every `chunk` steps (or 250 if that is more), in all cases at least `spacing`
    steps apart. Expensive ones measure at the first pause that is `period` steps after their last
    measurement.

    Args:
        chunk: the largest number of steps without a pause.
        every: the period of cheap monitors; None: the default above.
        period: the least distance between measurements of expensive monitors.
        spacing: the least distance between measurements of cheap monitors by default.
    """

    chunk: int
    every: int | None = None
    period: int = 1
    spacing: int = 1

    def pauses(self, after: int = -1) -> Iterator[Pause]:
        """All pauses after the step `after`, without end."""
        step, expensive = 0, 0
        if after < 0:
            yield Pause(0, cheap=True, expensive=True, asked=True)
        while True:
            measured, asked = self._next_measured(step), self._next_asked(step)
            step = min(measured, asked)
            due = step - expensive >= self.period
            expensive = step if due else expensive
            if step > after:
                yield Pause(step, cheap=step == measured, expensive=due, asked=step == asked)

    def _next_asked(self, step: int) -> int:
        if step < self.chunk:
            return min(1 << step.bit_length(), self.chunk)
        return (step // self.chunk + 1) * self.chunk

    def _next_measured(self, step: int) -> int:
        if self.every is not None:
            return (step // self.every + 1) * self.every
        width = self._width(step)
        following = (step // width + 1) * width
        # Where the width changes on the way there, the loop looks again: so that no multiple is
        # passed over, it measures at the change itself.
        turn = 1 << step.bit_length()
        return min(turn, following) if self._width(turn) != width else following

    def _width(self, step: int) -> int:
        """Steps between measurements of cheap monitors, by default."""
        widest = max(self.chunk, _WIDEST)
        width = 1
        if step >= _DENSE:
            width = min((1 << (step.bit_length() - 1)) // _PER_OCTAVE, widest)
        return max(width, min(self.spacing, widest))
