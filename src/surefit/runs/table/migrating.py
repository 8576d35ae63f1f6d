"""The files of older runs rewritten as this version has them.

Nothing needs this: older runs are read as they are, their documents brought up to date in memory.
Rewritten ones are read a little faster, and can be compared as bytes.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surefit.core.jsonable import dumps
from surefit.core.migrations import DOCUMENTS, read_documents, upgraded
from surefit.errors import BusyRunError, StorageError
from surefit.runs.lock import exclusive
from surefit.runs.store import Store
from surefit.runs.storing import storing

__all__ = ["Migration", "migrate_store"]


@dataclasses.dataclass(frozen=True)
class Migration:
    """What a rewriting did, by the names of the runs.

    Args:
        rewritten: those that were of an older schema.
        current: those that were not.
        busy: those that were left alone, because a process works on them.
        refused: name -> why, for those that are damaged or of a newer schema.
    """

    rewritten: tuple[str, ...]
    current: tuple[str, ...]
    busy: tuple[str, ...]
    refused: dict[str, str]


def migrate_store(store: Store, tell: Callable[[str], Any] = lambda run_id: None) -> Migration:
    """Rewrite the finished runs of older schemas; certificates and arrays stay as they are.

    Every file is replaced whole, `result.json` with the number of the schema last: a process that
    is killed here leaves every run readable, and the next call goes on.

    Args:
        store: whose runs.
        tell: called with the name of every run that was looked at.

    Raises:
        StorageError: the store cannot be written.
    """
    found: dict[str, list[str]] = {"rewritten": [], "current": [], "busy": []}
    refused: dict[str, str] = {}
    for run in store.runs():
        if not (run.path / "result.json").exists():
            continue
        try:
            changed = _migrate(store.root, run.path)
            found["rewritten" if changed else "current"].append(run.run_id)
        except BusyRunError:
            found["busy"].append(run.run_id)
        except _RefusedError as cause:
            refused[run.run_id] = str(cause)
        tell(run.run_id)
    return Migration(**{name: tuple(runs) for name, runs in found.items()}, refused=refused)


class _RefusedError(Exception):
    """The run cannot be read; its message says why."""


def _migrate(root: Path, path: Path) -> bool:
    old, new = _both(path)
    if new == old:
        return False
    with storing(root):
        (root / ".incomplete").mkdir(exist_ok=True)
    with exclusive(root / ".incomplete" / f"{path.name}.lock", path.name), storing(root):
        old, new = _both(path)  # it was not ours before
        for name in DOCUMENTS:
            if name in new and new[name] != old.get(name):
                draft = root / ".incomplete" / f"{path.name}.draft"
                _replace(path / name, new[name], draft)
    return True


def _both(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        old = read_documents(path)
        return old, upgraded(old, path)
    except StorageError as cause:
        raise _RefusedError(str(cause)) from cause


def _replace(path: Path, content: Any, draft: Path) -> None:
    """Replace a file whole; a draft that a killed process left is written anew."""
    with draft.open("w", encoding="utf-8") as file:
        file.write(dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
