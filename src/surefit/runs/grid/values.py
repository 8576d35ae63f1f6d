"""What is written for a field of a grid, as values that the field takes."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.faults import explain
from surefit.runs.fields import CertifyFields
from surefit.runs.grid.kinds import UNSET, field_kind, require_field
from surefit.runs.grid.ranges import range_values
from surefit.runs.toml import literal

__all__ = ["checked", "several", "single"]


def checked(name: str, value: Any, where: str) -> Any:
    """A value as the field keeps it (`1.0` as `1`, a list as a tuple); None: unset.

    Args:
        name: of the field.
        value: as written.
        where: file and table, for messages.

    Raises:
        InvalidInputError: the field takes no such value.
    """
    if value == UNSET:
        return None
    try:
        return getattr(CertifyFields.model_validate({name: value}), name)
    except ValidationError as cause:
        words = explain(cause, CertifyFields.model_fields, {name: value})
        raise InvalidInputError(f"{where}: {words}") from None


def single(name: str, written: Any, where: str) -> Any:
    """The one value of a field that all cells share.

    Raises:
        InvalidInputError: it is no field, or not one value of it.
    """
    require_field(name, where)
    many = isinstance(written, dict) or (
        isinstance(written, list)
        and (field_kind(name) != "list" or any(isinstance(item, list) for item in written))
    )
    if many:
        raise InvalidInputError(
            f"{where} must have one value for `{name}`. Got {written}. It is what all cells have "
            "in common. Move the line to [grid], where lists and ranges belong."
        )
    return checked(name, written, where)


def several(name: str, written: Any, where: str) -> tuple[Any, ...]:
    """The values that a field takes in turn: those of a list or a range, or the only one.

    Raises:
        InvalidInputError: it is no field, or takes a value not.
    """
    require_field(name, where)
    kind, place = field_kind(name), f"{where}: `{name}`"
    if isinstance(written, dict):
        items: list[Any] = list(range_values(written, kind, place))
    elif not isinstance(written, list):
        items = [written]
    elif kind != "list" or all(isinstance(item, list) or item == UNSET for item in written):
        items = written
    else:
        raise InvalidInputError(
            f"{place} must be a list of lists. Got {written}. One value of this field is a list "
            f"itself. Write `{name} = [{literal(written)}]`, with an inner list for each value, or "
            "move the line to [base]."
        )
    if not items:
        raise InvalidInputError(
            f"{place} must have a value. Got an empty list. A grid over no values has no cells. "
            "Write a value, or leave the field out."
        )
    return tuple(checked(name, item, where) for item in items)
