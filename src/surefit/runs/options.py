"""The vocabulary of specs: types of fields, and fields that explain themselves when misused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.fields import FieldInfo

__all__ = [
    "AtLeastOne",
    "AtLeastTwo",
    "Choice",
    "Classes",
    "ColumnName",
    "Deviation",
    "Name",
    "Names",
    "NotNegative",
    "Positive",
    "Seed",
    "StepSize",
    "Switch",
    "option",
    "refusal",
]


def _not_bool(value: Any) -> Any:
    # True is an integer to Python, but a switch is never meant as a count.
    if isinstance(value, bool):
        raise ValueError("a switch is no number")
    return value


def _ordered(value: Any) -> Any:
    # The order of a set of strings changes from process to process, and the run id with it.
    if isinstance(value, set | frozenset | Mapping):
        raise ValueError("the order matters")
    return value


def _printable(value: str) -> str:
    value = value.strip()
    if not value or not value.isprintable():
        raise ValueError("empty, or has unprintable characters")
    return value


def _class_label(value: Any) -> Any:
    value = _not_bool(value)
    if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value.strip()):
        return int(value)
    return value


def _column_text(value: Any) -> Any:
    # A number of a TOML file; on a command line it is text anyway.
    value = _not_bool(value)
    return str(value) if isinstance(value, int) else value


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < max(2, len(values)):
        raise ValueError("fewer than two classes, or one of them twice")
    return values


def _number(value: float) -> float:
    return value + 0.0  # -0.0 equals 0.0 and must be written like it


Name = Annotated[str, AfterValidator(_printable)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_ordered)]
# A choice is a set: order and repetition do not make another run.
Choice = Annotated[Names, AfterValidator(lambda names: tuple(sorted(set(names))))]
Classes = Annotated[
    tuple[Annotated[int | Name, BeforeValidator(_class_label)], ...],
    BeforeValidator(_ordered),
    AfterValidator(_distinct),
]
ColumnName = Annotated[Name, BeforeValidator(_column_text)]
AtLeastOne = Annotated[int, Field(ge=1), BeforeValidator(_not_bool)]
AtLeastTwo = Annotated[int, Field(ge=2), BeforeValidator(_not_bool)]
Seed = Annotated[int, Field(ge=0, lt=2**32), BeforeValidator(_not_bool)]
NotNegative = Annotated[float, Field(ge=0), BeforeValidator(_not_bool), AfterValidator(_number)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_not_bool)]
# Beyond, squares leave the range of float64.
Deviation = Annotated[Positive, Field(le=1e100)]
StepSize = Positive | Literal["auto"]
Switch = bool


def option(default: Any, description: str, must: str, instead: str) -> Any:
    """A field of a spec that can say what it is and what it takes.

    Args:
        default: its default value.
        description: what it means, in the field's words; the text of `--help`.
        must: what a value must be, to follow the word "must".
        instead: an example of a valid value, as written in a TOML file.
    """
    return Field(
        default=default,
        description=description,
        json_schema_extra={"must": must, "instead": instead},
    )


def refusal(name: str, field: FieldInfo, value: Any, owner: str = "CertifySpec") -> str:
    """The message for a value that a field of the class `owner` does not take."""
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    shown = repr(value)
    if len(shown) > 80:
        shown = f"{shown[:77]}..."
    return (
        f"`{owner}({name}=...)` must {extra['must']}. Got {shown} ({type(value).__name__}). "
        f"{field.description} Write for example `{name} = {extra['instead']}`."
    )
