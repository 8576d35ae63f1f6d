"""Directories that are made all or none, and found out to be writable before any work."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["make_writable"]


def make_writable(directory: Path) -> None:
    """Make a directory and its parents, and find out now whether it can be written.

    Raises:
        OSError: it cannot. What was made for it is gone again.
    """
    made = _make_directories(directory)
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError:
        _remove_directories(made)
        raise


def _make_directories(path: Path) -> list[Path]:
    """Make a directory and its parents; those made, the innermost first. All of them or none."""
    missing = [item for item in (path, *path.parents) if not item.exists()]
    made: list[Path] = []
    try:
        for item in reversed(missing):
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.mkdir(item)
                made.insert(0, item)
        os.listdir(path)  # a file under that name is an error here
    except OSError:
        _remove_directories(made)
        raise
    return made


def _remove_directories(directories: list[Path]) -> None:
    for directory in directories:
        with contextlib.suppress(OSError):
            directory.rmdir()
