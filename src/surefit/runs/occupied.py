"""Whether somebody holds a lock file, without holding it oneself."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from surefit.runs.processes import is_alive

if sys.platform != "win32":
    import fcntl

__all__ = ["is_held"]


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file `path` (`surefit.runs.lock`) right now.

    For listings: the answer may be old by the time it is read. A stale file costs a shared lock
    for a few microseconds, and only where the process named in it is gone.
    """
    for candidate in (path, path.with_name(f"{path.name}.owner")):
        with contextlib.suppress(OSError):
            if _held(candidate):
                return True
    return False


def _held(path: Path) -> bool:
    with path.open("rb") as file:
        if sys.platform == "win32":
            return True  # the file goes with its holder
        owner = file.read(64).split()
        if owner and owner[0].isdigit() and is_alive(int(owner[0])):
            return True
        if path.suffix == ".owner":
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False
