"""The table of runs as columns: what the page's script sorts, filters and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surefit.core.tidy import COLUMNS, column_type, ordered

__all__ = ["shown_first", "table_json"]

Row = Mapping[str, Any]

_FIRST = (
    "run_id", "status", "converged", "proved", "samples", "width", "depth", "seed", "steps",
    "final_loss", "rate_measured", "lambda_min_initial", "seconds",
)  # fmt: skip
# Shown where they tell runs apart.
_VARYING = (
    "kind", "experiment", "data", "target", "classes", "network", "activation", "loss", "method",
    "init", "gamma", "step_size_asked", "noise", "kernel",
)  # fmt: skip
_CONSTANT = ("depth",)
_MOST = 16
_KINDS = {bool: "bool", int: "number", float: "number", str: "text"}
_MEANINGS = {column.name: (column.meaning, column.unit) for column in COLUMNS}


def _varies(rows: Sequence[Row], name: str) -> bool:
    return len({row[name] for row in rows if row.get(name) is not None}) > 1


def shown_first(rows: Sequence[Row]) -> list[str]:
    """The columns that are shown before anything is chosen: known ones, and what varies."""
    present = {name for row in rows for name, value in row.items() if value is not None}
    chosen = [
        name
        for name in _FIRST
        if name in present and (name not in _CONSTANT or _varies(rows, name))
    ]
    chosen += [name for name in _VARYING if name in present and _varies(rows, name)]
    return ordered(chosen[:_MOST])


def _column(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    meaning, unit = _MEANINGS.get(name, ("a field of the experiment", ""))
    kind = _KINDS[column_type(name, rows)]
    values = [row.get(name) for row in rows]
    column = {"name": name, "kind": kind, "meaning": meaning.replace("`", ""), "unit": unit}
    if kind != "text":
        return {**column, "values": values}
    # Texts repeat: each one once, and its number in every row.
    levels = {text: place for place, text in enumerate(dict.fromkeys(values))}
    return {**column, "levels": list(levels), "values": [levels[text] for text in values]}


def table_json(rows: Sequence[Row], pages: Mapping[str, str]) -> dict[str, Any]:
    """The table as plain data, column by column; columns without any value are left out.

    Args:
        rows: all runs and failures.
        pages: run id -> the address of its page, for runs that have one.
    """
    names = [
        name
        for name in ordered({name for row in rows for name in row})
        if any(row.get(name) is not None for row in rows)
    ]
    return {
        "count": len(rows),
        "columns": [_column(name, rows) for name in names],
        "shown": shown_first(rows),
        "pages": [pages.get(str(row["run_id"])) for row in rows],
    }
