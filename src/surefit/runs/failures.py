"""Runs that failed, kept with their traceback until they succeed.

```
root/.failed/<run id>/spec.json      its canonical spec
root/.failed/<run id>/failure.json   what happened, when, and how often
```

Such a directory appears whole or not at all, by one renaming.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import shutil
from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json, write_json
from surefit.errors import StorageError
from surefit.runs.identity import Identified, digest

__all__ = ["FailedRun", "drop_failure", "read_failures", "write_failure"]

SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class FailedRun:
    """A run that failed.

    Args:
        run_id: its name.
        path: the directory with the two files.
        spec: its canonical spec.
        error: the class name of the error.
        message: what the error says.
        traceback: where it was raised; empty where a worker died without one.
        attempts: how often it failed.
        worker_lost: whether its worker died, time and again.
        when: the last time, UTC in ISO form.
    """

    run_id: str
    path: Path
    spec: dict[str, Any]
    error: str
    message: str
    traceback: str = ""
    attempts: int = 1
    worker_lost: bool = False
    when: str = ""


def _read_failure(path: Path) -> FailedRun | None:
    """The failure in a directory, or None if the directory holds none."""
    try:
        spec, told = read_json(path / "spec.json"), read_json(path / "failure.json")
        if told.get("schema") != SCHEMA or not path.name.endswith(f"-{digest(spec)}"):
            return None
        return FailedRun(
            run_id=path.name,
            path=path,
            spec=spec,
            error=str(told["error"]),
            message=str(told["message"]),
            traceback=str(told["traceback"]),
            attempts=int(told["attempts"]),
            worker_lost=bool(told["worker_lost"]),
            when=str(told["when"]),
        )
    except (StorageError, AttributeError, KeyError, TypeError, ValueError):
        return None


def read_failures(directory: Path) -> list[FailedRun]:
    """The failures in a directory, by name; none where the directory does not exist."""
    try:
        paths = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    found = [_read_failure(path) for path in paths if path.is_dir()]
    return [one for one in found if one is not None]


def write_failure(
    target: Path,
    draft: Path,
    spec: Identified,
    *,
    error: str,
    message: str,
    traceback: str,
    worker_lost: bool,
) -> None:
    """Write a failure, or replace the last one of the same run.

    Args:
        target: where it is to be.
        draft: a directory that nobody else uses, on the same file system; is made and goes again.
        spec: of the run.
        error: as in `FailedRun`, like all further arguments.
        message: same.
        traceback: same.
        worker_lost: same.
    """
    before = _read_failure(target)
    shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed here
    draft.mkdir()
    write_json(draft / "spec.json", spec.canonical())
    told = {
        "schema": SCHEMA,
        "run_id": target.name,
        "error": error,
        "message": message,
        "traceback": traceback,
        "attempts": 1 if before is None else before.attempts + 1,
        "worker_lost": worker_lost,
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(draft / "failure.json", told)
    target.parent.mkdir(exist_ok=True)
    if before is None:
        shutil.rmtree(target, ignore_errors=True)  # something unreadable
        draft.rename(target)
    else:
        os.replace(draft / "failure.json", target / "failure.json")
        shutil.rmtree(draft)


def drop_failure(target: Path, draft: Path) -> None:
    """Delete a failure, by one renaming; nothing happens where there is none.

    Args:
        target: where it is.
        draft: as in `write_failure`.
    """
    shutil.rmtree(draft, ignore_errors=True)
    if target.exists():
        target.rename(draft)
        shutil.rmtree(draft, ignore_errors=True)
