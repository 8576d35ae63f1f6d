"""Finished and unfinished runs as they lie in directories, read without being loaded."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json
from surefit.errors import StorageError
from surefit.runs.identity import digest

__all__ = ["StoredRun", "read_run", "read_runs"]


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """One run as a listing shows it.

    Args:
        run_id: its name.
        path: its directory.
        spec: its canonical spec.
        verdict: its outcome in one sentence, where `result.json` says so.
        holds: the verdict as True, False or None.
    """

    run_id: str
    path: Path
    spec: dict[str, Any]
    verdict: str | None = None
    holds: bool | None = None


def read_run(path: Path) -> StoredRun | None:
    """The run in a directory, or None if the directory is not one of ours."""
    try:
        spec = read_json(path / "spec.json")
        if not isinstance(spec, dict) or not path.name.endswith(f"-{digest(spec)}"):
            return None
    except StorageError:
        return None
    try:
        result = read_json(path / "result.json")
        return StoredRun(path.name, path, spec, result.get("verdict"), result.get("holds"))
    except (StorageError, AttributeError):
        return StoredRun(path.name, path, spec)


def read_runs(directory: Path) -> list[StoredRun]:
    """The runs in a directory, by name; none where the directory does not exist."""
    try:
        paths = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    found = [read_run(path) for path in paths if path.is_dir()]
    return [run for run in found if run is not None]
