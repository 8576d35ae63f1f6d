"""Failures of the file system, in words."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from surefit.errors import StorageError

__all__ = ["FULL", "storing"]

FULL = {errno.ENOSPC, errno.EDQUOT}


def storage_error(path: Path, cause: OSError) -> StorageError:
    """What went wrong with a run store, and what to do about it."""
    if cause.errno in FULL:
        advice = (
            "The disk is full (or your share of it). What was finished is safe; free some space "
            "and run the same command again, and it goes on from its last checkpoint."
        )
    else:
        advice = (
            "Results, checkpoints and locks are kept there. Choose another directory with "
            "`--out`, or make this one writable."
        )
    reason = cause.strerror or str(cause)
    return StorageError(
        f"`Store(root=...)` must be a directory that can be written. Got {path}: {reason}. {advice}"
    )


@contextlib.contextmanager
def storing(path: Path, *, only: set[int] | None = None) -> Iterator[None]:
    """Turn an OSError of the context (with an `errno` in `only`, if given) into a StorageError."""
    try:
        yield
    except StorageError:
        raise
    except OSError as cause:
        if only is not None and cause.errno not in only:
            raise
        raise storage_error(path, cause) from cause
