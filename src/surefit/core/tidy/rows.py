"""All runs of a store as rows: finished ones, and those that failed."""

from __future__ import annotations

from pathlib import Path

from surefit.core.jsonable import read_json
from surefit.core.tidy.columns import COLUMNS, ordered
from surefit.core.tidy.fields import Cell, spec_cells
from surefit.core.tidy.row import tidy_row
from surefit.errors import StorageError

__all__ = ["failed_row", "filled", "tidy_rows"]

COMPLETE = [column.name for column in COLUMNS]


def tidy_rows(root: Path) -> list[dict[str, Cell]]:
    """All finished runs of a store and its failures as rows, by run id.

    A failure has the fields of its spec, the status `failed`, and `error`, `message`, `attempts`.
    A run that cannot be read has the status `unreadable` and a `message`. Directories that are no
    runs are left out, and so are runs in progress. All rows have the same columns: those of the
    table, and the fields of experiments that it does not know.

    Args:
        root: the store's directory.

    Returns:
        One mapping of column names to values per run; empty for a store that does not exist.
    """
    root = Path(root)
    rows = [_finished(path) for path in _directories(root) if (path / "result.json").exists()]
    done = {row["run_id"] for row in rows}
    failures = [path for path in _directories(root / ".failed") if path.name not in done]
    rows += [failed_row(path) for path in failures if (path / "failure.json").exists()]
    return filled(rows)


def failed_row(directory: Path) -> dict[str, Cell]:
    """The row of a failure, from its `spec.json` and `failure.json`."""
    name: dict[str, Cell] = {"run_id": directory.name}
    try:
        cells = spec_cells(read_json(directory / "spec.json"))
        failure = read_json(directory / "failure.json")
        return {
            **name,
            **cells,
            "status": "failed",
            "error": str(failure["error"]),
            "message": str(failure["message"]),
            "attempts": int(failure.get("attempts", 1)),
            "created": failure.get("when"),
        }
    except (AttributeError, KeyError, TypeError, ValueError, StorageError) as cause:
        return {**name, "status": "unreadable", "message": str(cause)}


def filled(rows: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
    """Rows sorted by run id, every one with all columns, in the order of the table."""
    names = ordered({*COMPLETE, *(name for row in rows for name in row)})
    rows = sorted(rows, key=lambda row: str(row["run_id"]))
    return [{name: row.get(name) for name in names} for row in rows]


def _directories(root: Path) -> list[Path]:
    try:
        found = list(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for path in found if not path.name.startswith(".") and path.is_dir()]


def _finished(path: Path) -> dict[str, Cell]:
    try:
        return tidy_row(path)
    except StorageError as cause:
        return {"run_id": path.name, "status": "unreadable", "message": str(cause)}
