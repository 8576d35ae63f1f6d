"""Which cells of a grid are left out."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.grid.kinds import field_kind, require_field
from surefit.runs.grid.values import checked, several

__all__ = ["Exclusion", "exclusion"]

_Bound = StrictInt | StrictFloat | str


class Comparison(BaseModel):
    """What a condition compares a field with; a text is the name of another field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    above: _Bound | None = None
    at_least: _Bound | None = None
    below: _Bound | None = None
    at_most: _Bound | None = None
    other_than: Any = Field(None, alias="not")


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


@dataclasses.dataclass(frozen=True)
class Condition:
    """One line of an exclusion.

    Args:
        name: of the field.
        allowed: the values for which it holds; None: any.
        refused: those for which it does not.
        bounds: pairs of a comparison's name and a number or a field's name.
    """

    name: str
    allowed: tuple[Any, ...] | None = None
    refused: tuple[Any, ...] = ()
    bounds: tuple[tuple[str, int | float | str], ...] = ()

    def holds(self, cell: Mapping[str, Any]) -> bool:
        """Whether it holds in a cell, given by all its fields."""
        value = cell[self.name]
        if value in self.refused or (self.allowed is not None and value not in self.allowed):
            return False
        for name, bound in self.bounds:
            other = cell[bound] if isinstance(bound, str) else bound
            # What is unset or a word ("auto") is neither above nor below anything.
            if not (_is_number(value) and _is_number(other) and _HOLDS[name](value, other)):
                return False
        return True


@dataclasses.dataclass(frozen=True)
class Exclusion:
    """Cells in which all of the conditions hold."""

    conditions: tuple[Condition, ...]

    def covers(self, cell: Mapping[str, Any]) -> bool:
        """Whether the cell is left out."""
        return all(condition.holds(cell) for condition in self.conditions)


def exclusion(written: Mapping[str, Any], where: str) -> Exclusion:
    """One `[[exclude]]` table.

    Raises:
        InvalidInputError: it names no field, or a condition says nothing.
    """
    if not written:
        raise InvalidInputError(
            f"{where} must have a condition. Got none. It would leave out every cell. Write for "
            "example `width = { above = 256 }`, or delete the table."
        )
    return Exclusion(tuple(_condition(name, value, where) for name, value in written.items()))


def _condition(name: str, written: Any, where: str) -> Condition:
    require_field(name, where)
    if not isinstance(written, dict) or set(written) & {"from", "to", "count"}:
        flat = isinstance(written, list) and field_kind(name) == "list"
        if flat and not any(isinstance(item, list) for item in written):
            return Condition(name, (checked(name, written, where),))
        return Condition(name, several(name, written, where))
    place = f"{where}: `{name}`"
    try:
        found = Comparison.model_validate(written)
    except ValidationError as cause:
        word = cause.errors(include_url=False)[0]["loc"][0]
        raise _no_condition(place, written, f"`{word}` is no comparison with a number") from None
    bounds = tuple((kind, bound) for kind in _HOLDS if (bound := getattr(found, kind)) is not None)
    if field_kind(name) not in ("whole", "number") and bounds:
        raise _no_condition(place, written, f"`{name}` is no number")
    for _, bound in bounds:
        if isinstance(bound, str):
            require_field(bound, place)
    refused = () if "not" not in written else _condition(name, written["not"], where).allowed or ()
    if not bounds and not refused:
        raise _no_condition(place, written, "it compares with nothing")
    return Condition(name, None, refused, bounds)


def _no_condition(place: str, written: Any, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{place} must be a condition. Got {written}: {why}. A condition is a value, a list of "
        "values, or a comparison. Write for example `{ above = 256 }`, `{ at_most = 20 }`, "
        '`{ below = "samples" }` (another field) or `{ not = "tanh" }`.'
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
