"""Conditions on the rows of a table: `width>=128 and network=fc,resnet and verdict~"weights"`.

A condition is a column, a relation and a value; several are joined by `and`. Values behind commas
are alternatives. A value stands in quotation marks where it has a comma or an `and` of its own.
`none` is a value that is absent. Nothing in a condition is ever executed.
"""

from __future__ import annotations

import dataclasses
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from surefit.core.tidy import COLUMNS, column_type
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["Condition", "parse_where", "require_columns", "select_rows"]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_HEAD = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(>=|<=|!=|!~|==|=|>|<|~)")
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*|\s*\'([^\']*)\'\s*', re.DOTALL)
_BARE = re.compile(r"(?:(?!\s+and(?:\s|$))[^,\"'=<>!~])+", re.DOTALL)
_AND = re.compile(r"\s*and\s+")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_FORM = (
    "A condition is a column, one of = != >= <= > < ~ (contains) !~, and a value, or several with "
    'commas between them; conditions are joined by "and". Write for example '
    '`--where "width>=128 and network=fc,resnet"`.'
)


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition on a row.

    Args:
        column: whose value it is about.
        relation: `=`, `!=`, `>=`, `<=`, `>`, `<`, `~` (contains) or `!~`.
        values: the alternatives; None is an absent value.
    """

    column: str
    relation: str
    values: tuple[str | None, ...]

    def __str__(self) -> str:
        return f"{self.column}{self.relation}{','.join(map(_shown, self.values))}"


def parse_where(texts: str | Iterable[str]) -> tuple[Condition, ...]:
    """Read conditions, all of which are to hold; one text or several.

    Raises:
        InvalidInputError: a text is no condition.
    """
    several = [texts] if isinstance(texts, str) else texts
    return tuple(condition for text in several for condition in _parse(text))


def select_rows(
    rows: Sequence[Mapping[str, Any]], conditions: Iterable[Condition]
) -> list[Mapping[str, Any]]:
    """The rows for which all conditions hold, in their order.

    Numbers are compared as numbers, text letter by letter; `~` ignores upper and lower case. An
    absent value is equal to `none` only, and neither larger nor smaller than anything; `!=` and
    `!~` hold exactly where `=` and `~` do not.

    Raises:
        UnknownNameError: there is no such column.
        InvalidInputError: a value is not of the kind of its column.
    """
    tests = [_test(condition, rows) for condition in conditions]
    return [row for row in rows if all(test(row) for test in tests)]


def require_columns(names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Make sure that these are columns.

    Raises:
        UnknownNameError: one is not; the message lists those that hold something.
    """
    used = {name for row in rows for name, value in row.items() if value is not None}
    documented = {column.name for column in COLUMNS}
    for name in names:
        if name not in documented and not any(name in row for row in rows):
            raise UnknownNameError("a column of the table", name, used or documented)


def _parse(text: str) -> list[Condition]:
    found, place = [], 0
    while True:
        head = _HEAD.match(text, place)
        if head is None:
            raise _fault(text, place)
        values, place = _values(text, head.end())
        relation = "=" if head[2] == "==" else head[2]
        found.append(Condition(head[1], relation, tuple(values)))
        if place == len(text):
            return found
        more = _AND.match(text, place)
        if more is None:
            raise _fault(text, place)
        place = more.end()


def _values(text: str, place: int) -> tuple[list[str | None], int]:
    values: list[str | None] = []
    while True:
        quoted = _QUOTED.match(text, place)
        if quoted is not None:
            inside = (
                quoted[2] if quoted[1] is None else re.sub(r"\\(.)", r"\1", quoted[1], flags=re.S)
            )
            values.append(inside)
            place = quoted.end()
        else:
            bare = _BARE.match(text, place)
            if bare is None or not bare[0].strip():
                raise _fault(text, place)
            word = bare[0].strip()
            values.append(None if word.lower() == "none" else word)
            place = bare.end()
        if text[place : place + 1] != ",":
            return values, place
        place += 1


def _shown(value: str | None) -> str:
    if value is None:
        return "none"
    if re.fullmatch(r"[\w.+-]+", value) and value.lower() != "none":
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fault(text: str, place: int) -> InvalidInputError:
    rest = text[place:].strip()
    where = f" at {rest!r}" if rest else ", which ends too early"
    return InvalidInputError(
        f"`--where` must be a condition. Got {text!r}{where}. {_FORM} Put a value with a comma "
        "or quotation mark in it in quotation marks: `--where 'verdict~\"rate, at most\"'`."
    )


def _test(
    condition: Condition, rows: Sequence[Mapping[str, Any]]
) -> Callable[[Mapping[str, Any]], bool]:
    name, relation = condition.column, condition.relation
    require_columns([name], rows)
    kind = column_type(name, rows)
    if relation in ("~", "!~"):
        parts = [value.lower() for value in condition.values if value is not None]
        if len(parts) < len(condition.values):
            raise _mismatch(condition, "text to look for", "absent values contain nothing")
        negated = relation == "!~"

        def contains(row: Mapping[str, Any]) -> bool:
            cell = row.get(name)
            return (cell is not None and any(p in str(cell).lower() for p in parts)) is not negated

        return contains
    values = [
        None if value is None else _read(condition, value, kind) for value in condition.values
    ]
    if relation in ("=", "!="):
        return lambda row: (row.get(name) in values) is (relation == "=")
    if len(values) != 1 or values[0] is None or kind is bool:
        raise _mismatch(condition, "one number or text", "larger and smaller are meant")
    order, bound = _ORDER[relation], values[0]
    return lambda row: row.get(name) is not None and order(row[name], bound)


def _read(condition: Condition, text: str, kind: type) -> Any:
    if kind is str:
        return text
    if kind is bool:
        if text.lower() not in _YES_NO:
            raise _mismatch(condition, "yes, no or none", "the column is a yes or no")
        return _YES_NO[text.lower()]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise _mismatch(condition, "a number or none", "the column holds numbers")
    return number


def _mismatch(condition: Condition, wanted: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"`--where` must compare {condition.column} with {wanted}. Got {str(condition)!r}: {why}. "
        f"{_FORM}"
    )
