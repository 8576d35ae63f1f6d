"""Runs deleted for good: finished ones, failures, and what interrupted ones left.

A run goes by renaming its directory first: a process that is killed here leaves no half run, only
rests (`.incomplete/<run id>.deleted`) that the next deletion removes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from surefit.errors import BusyRunError
from surefit.runs.lock import exclusive
from surefit.runs.store import Store
from surefit.runs.storing import storing

__all__ = ["Deletion", "delete_runs", "run_bytes", "run_places"]


@dataclasses.dataclass(frozen=True)
class Deletion:
    """What a deletion did.

    Args:
        deleted: the names of the runs that are gone.
        busy: those that were left alone, because a process works on them.
    """

    deleted: tuple[str, ...]
    busy: tuple[str, ...]


def run_bytes(store: Store, run_id: str) -> int:
    """How many bytes the files of a run take, those of an unfinished or failed one too."""
    return sum(_size(path) for path in run_places(store, run_id))


def delete_runs(store: Store, run_ids: Iterable[str]) -> Deletion:
    """Delete runs with everything they left. There is no way back.

    Args:
        store: where they are.
        run_ids: their full names.

    Raises:
        StorageError: the store cannot be written; runs before this one are gone.
    """
    _remove_rests(store.root)
    deleted, busy = [], []
    for run_id in run_ids:
        try:
            _delete(store, run_id)
            deleted.append(run_id)
        except BusyRunError:
            busy.append(run_id)
    return Deletion(tuple(deleted), tuple(busy))


def _delete(store: Store, run_id: str) -> None:
    root = store.root
    work = root / ".incomplete"
    with storing(root):
        work.mkdir(exist_ok=True)
    with exclusive(work / f"{run_id}.lock", run_id), storing(root):
        for number, path in enumerate(run_places(store, run_id)):
            path.rename(work / f"{run_id}.{number}.deleted")
        _remove_rests(root, run_id)
        with contextlib.suppress(OSError):  # others are in it
            (root / ".failed").rmdir()


def run_places(store: Store, run_id: str) -> list[Path]:
    """The directories that a run has in a store, the finished run last."""
    root, work = store.root, store.root / ".incomplete"
    every = (
        root / ".failed" / run_id,
        work / f"{run_id}.failure",
        work / f"{run_id}.scratch",
        work / run_id,
        root / run_id,
    )
    return [path for path in every if path.is_dir()]


def _remove_rests(root: Path, run_id: str = "*") -> None:
    for path in (root / ".incomplete").glob(f"{run_id}.*.deleted"):
        shutil.rmtree(path, ignore_errors=True)


def _size(root: Path) -> int:
    return sum(_file_sizes(root))


def _file_sizes(root: Path) -> Iterator[int]:
    for directory, _, names in os.walk(root):
        for name in names:
            with contextlib.suppress(OSError):  # a run in progress changes meanwhile
                yield (Path(directory) / name).lstat().st_size
