"""Ranges of numbers: `{ from = 16, to = 512, factor = 2 }` and its relatives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.grid.kinds import Kind

__all__ = ["LARGEST", "Range", "range_values"]

LARGEST = 100_000
"""Of the values of a range, and of the cells of a grid."""

_Number = StrictInt | StrictFloat
_FORMS = (
    "Write `{ from = 16, to = 512, factor = 2 }`, `{ from = 20, to = 100, step = 20 }`, `{ from = "
    '0.001, to = 0.1, count = 5, scale = "log" }` or, for whole numbers that follow each other, '
    "`{ count = 5 }`."
)


class Range(BaseModel):
    """A range of numbers as it is written in a grid file; both ends belong to it.

    Args:
        start: `from`, the first number; 0 if only `count` is given.
        end: `to`, which no number exceeds.
        factor: from one number to the next.
        step: from one number to the next.
        count: how many numbers there are, both ends among them; without `to` whole numbers that
            follow each other.
        scale: where the `count` numbers lie: with equal steps or with equal factors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start: _Number | None = Field(None, alias="from")
    end: _Number | None = Field(None, alias="to")
    factor: Annotated[_Number, Field(gt=1)] | None = None
    step: Annotated[_Number, Field(gt=0)] | None = None
    count: Annotated[StrictInt, Field(ge=1, le=LARGEST)] | None = None
    scale: Literal["linear", "log"] | None = None

    def fault(self, kind: Kind) -> str:
        """Why these numbers make no range for a field of this kind; empty: they do."""
        return next(self._faults(kind), "")

    def _faults(self, kind: Kind) -> Iterator[str]:
        """Those in order; what follows the first one may not make sense."""
        if kind not in ("whole", "number"):
            yield "this field is no number"
        if sum(one is not None for one in (self.factor, self.step, self.count)) != 1:
            yield "exactly one of factor, step and count says where the numbers lie"
        if self.scale is not None and self.count is None:
            yield "scale goes with count"
        if kind == "whole" and any(
            one is not None and one != int(one) for one in (self.start, self.end, self.step)
        ):
            yield "this field takes whole numbers"
        if self.end is None:
            if self.count is None or self.scale is not None:
                yield "it has no end"
            if kind != "whole":
                yield "only whole numbers follow each other"
        elif self.start is None:
            yield "it has no beginning"
        else:
            yield from self._faults_of_ends(self.start, self.end)

    def _faults_of_ends(self, start: int | float, end: int | float) -> Iterator[str]:
        if start > end:
            yield "it ends before it begins"
        if (self.factor is not None or self.scale == "log") and start <= 0:
            yield "factors never leave 0 or a negative number"
        if self.count == 1 and start != end:
            yield "one number cannot be both ends"
        if self._length() > LARGEST:
            yield f"it has more than {LARGEST} numbers"

    def _length(self) -> int:
        """How many numbers there are. The last may miss the end by rounding."""
        assert self.start is not None and self.end is not None
        if self.count is not None:
            return self.count
        if self.step is not None:
            return math.floor((self.end - self.start) / self.step * (1 + 1e-12) + 1e-9) + 1
        assert self.factor is not None
        return math.floor(math.log(self.end / self.start) / math.log(self.factor) + 1e-9) + 1

    def numbers(self, kind: Kind) -> Iterator[int | float]:
        """The numbers, whole ones rounded to the nearest, others to twelve digits."""
        start = 0 if self.start is None else self.start
        if self.end is None:
            assert self.count is not None
            yield from (int(start) + index for index in range(self.count))
            return
        for index in range(int(self._length())):
            if self.factor is not None:
                value = start * float(self.factor) ** index
            elif self.step is not None:
                value = start + self.step * index
            else:
                value = _between(start, self.end, index, self.count or 1, self.scale)
            # Twelve digits: 0.1 + 0.2 and 0.3 are one value, as they would be by hand.
            yield round(value) if kind == "whole" else float(f"{value:.12g}")


def _between(
    start: int | float, end: int | float, index: int, count: int, scale: str | None
) -> int | float:
    if index in (0, count - 1):  # exactly what was written
        return end if index else start
    share = index / (count - 1)
    if scale == "log":
        return math.exp((1 - share) * math.log(start) + share * math.log(end))
    return (1 - share) * start + share * end


def range_values(written: dict[str, Any], kind: Kind, where: str) -> list[int | float]:
    """The numbers of a range.

    Args:
        written: the table.
        kind: of the field.
        where: file, table and field, for messages.

    Raises:
        InvalidInputError: it is no range.
    """
    try:
        found = Range.model_validate(written)
        why = found.fault(kind)
    except ValidationError as cause:
        fault = cause.errors(include_url=False)[0]
        word = str(fault["loc"][0])
        unknown = fault["type"] == "extra_forbidden"
        why = f"`{word}` is unknown" if unknown else f"`{word}`: {fault['msg'].lower()}"
    if why:
        raise InvalidInputError(
            f"{where} must be a value, a list of values or a range. Got {written}, no range: "
            f"{why}. {_FORMS}"
        )
    return list(found.numbers(kind))
