"""Files of a run that somebody else may have written: names that are names, whole content."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from surefit.errors import StorageError, SurefitError

__all__ = ["plain_name", "whole"]


def plain_name(name: Any, where: Path) -> str:
    """A name from a file, if a file may be named after it: no path leads anywhere else.

    Raises:
        StorageError: it has separators of paths, begins with a dot, or cannot be printed.
    """
    plain = isinstance(name, str) and name.isprintable() and 0 < len(name) <= 200
    if not plain or name.startswith(".") or any(mark in name for mark in '/\\:"'):
        raise StorageError(
            f"{where} must hold names without directories. Got {str(name)[:80]!r}. Files are named "
            "after it. It was edited; delete the run and run the same command again."
        )
    return name


@contextlib.contextmanager
def whole(directory: Path) -> Iterator[None]:
    """Turn what goes wrong with the content of a run's files into one error.

    Raises:
        StorageError: something is missing, or is not what it should be.
    """
    try:
        yield
    except SurefitError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as cause:
        raise StorageError(
            f"{directory} must hold a whole run. Got one in which {str(cause)[:200]!r} went wrong. "
            "It may have been edited or copied in part; delete it and run the same command again."
        ) from cause
