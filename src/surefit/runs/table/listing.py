"""All runs of a store as rows in an order: finished, failed, and those in progress."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surefit.core.tidy import tidy_rows
from surefit.core.tidy.fields import spec_cells
from surefit.core.tidy.rows import filled
from surefit.runs.occupied import is_held
from surefit.runs.store import Store
from surefit.runs.table.where import require_columns

__all__ = ["list_rows", "order_rows"]


def list_rows(store: Store) -> list[dict[str, Any]]:
    """The rows of `tidy_rows`, and one for every run in progress.

    The latter have the fields of their spec, and the status `running` where a process works on the
    run right now, otherwise `interrupted`.
    """
    rows = tidy_rows(store.root)
    done = {row["run_id"] for row in rows if row["status"] != "failed"}
    going = []
    for run in store.incomplete():
        if run.run_id in done:
            continue
        state = (
            "running"
            if is_held(store.root / ".incomplete" / f"{run.run_id}.lock")
            else "interrupted"
        )
        going.append({"run_id": run.run_id, **spec_cells(run.spec), "status": state})
    # What failed before and is tried again now is shown once, as what it is now.
    again = {row["run_id"] for row in going}
    return filled([row for row in rows if row["run_id"] not in again] + going)


def order_rows(
    rows: Sequence[Mapping[str, Any]], by: Iterable[str] = ()
) -> list[Mapping[str, Any]]:
    """Rows in the order of columns; a minus sign in front of a name: the largest first.

    Absent values come last. Equal ones, and all without `by`, are in the order of their names, in
    which numbers count as numbers: width 64 before width 128.

    Raises:
        UnknownNameError: there is no such column.
    """
    keys = [(name.lstrip("+-"), name.startswith("-")) for name in by]
    require_columns([name for name, _ in keys], rows)
    found = sorted(rows, key=lambda row: _natural(str(row["run_id"])))
    for name, down in reversed(keys):
        present = [row for row in found if row.get(name) is not None]
        absent = [row for row in found if row.get(name) is None]
        found = sorted(present, key=lambda row: _key(row[name]), reverse=down) + absent
    return found


def _key(value: Any) -> Any:
    return _natural(value) if isinstance(value, str) else value


def _natural(text: str) -> list[tuple[bool, float, str]]:
    """A key for sorting in which runs of digits are numbers."""
    parts = re.split(r"([0-9]+)", text)
    return [
        (False, float(part), "") if part.isdigit() else (True, math.inf, part)
        for part in parts
        if part
    ]
