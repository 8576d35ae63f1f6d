"""The fields of a spec as cells of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from surefit.core.tidy.columns import ASKED, column_type

__all__ = ["Cell", "as_cell", "kind_of", "spec_cells"]

Cell = str | int | float | bool | None

# What a run makes of these is known afterwards; see `columns.ASKED`.
_RESOLVED = ("inputs", "method", "samples", "step_size", "steps")
_HIDDEN = ("schema",)
# An empty list is something else than no list: no theorems, not all of them.
EMPTY = "(none)"


def kind_of(spec: Mapping[str, Any]) -> str:
    """`certify`, `kernel` or `experiment`, from the canonical spec."""
    if "experiment" in spec:
        return "experiment"
    return "kernel" if str(spec.get("schema", "")).startswith("kernel/") else "certify"


def as_cell(value: Any) -> Cell:
    """A value of JSON as one cell: lists as text with spaces, NaN as None."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list | tuple):
        return " ".join(_text(item) for item in value) or EMPTY
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_text(item)}" for key, item in value.items())
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if isinstance(value, int) else str(value)


def typed(name: str, value: Any) -> Cell:
    """The cell of a known column, of its type; None for what cannot be of it."""
    cell = as_cell(value)
    if cell is None:
        return None
    kind = column_type(name, ({name: cell},))
    if kind is str:
        return _text(cell)
    if kind is bool:
        return cell if isinstance(cell, bool) else None
    try:
        number = float(cell)
    except ValueError:
        return None
    if kind is float:
        return None if math.isnan(number) else number
    return int(number) if number.is_integer() else None


def spec_cells(spec: Mapping[str, Any]) -> dict[str, Cell]:
    """Every field of a canonical spec as a cell of its column."""
    cells: dict[str, Cell] = {"kind": kind_of(spec)}
    for field, value in spec.items():
        if field in _HIDDEN:
            continue
        if field in _RESOLVED:
            cells[field + ASKED] = typed(field + ASKED, value)
            # As far as it can be known before the run.
            cells[field] = typed(field, None if value == "auto" else value)
        else:
            cells[field] = typed(field, value)
    cells["steps"] = None
    return cells


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
