"""A folder that is there whole or not at all: built beside its place, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from surefit.errors import InvalidInputError, StorageError

__all__ = ["replaced_folder"]

_OWN = "build.json"
# Seconds after which a draft that nobody wrote to was left by a process that was killed.
_STALE = 3600.0


@contextlib.contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `target` when the context ends without an error.

    Raises:
        InvalidInputError: `target` is there and is no site.
        StorageError: it cannot be written; what was there before stays.
    """
    if os.path.lexists(target) and not (target / _OWN).is_file():
        raise InvalidInputError(
            f"`write_site(to=...)` must be a new folder or an earlier site. Got {target}, which is "
            f"something else: it has no {_OWN}. A site replaces the whole folder. Name another "
            "one."
        )
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(target)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
        shutil.rmtree(old, ignore_errors=True)
        if os.path.lexists(target):
            target.rename(old)
        try:
            draft.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as cause:
        raise StorageError(
            f"`write_site(to=...)` must be a folder that can be written. Got {target}: "
            f"{cause.strerror or cause}. The site is written whole or not at all; free space, or "
            "name another folder."
        ) from cause
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    """Delete what killed processes left beside the target."""
    for left in target.parent.glob(f".{target.name}.*"):
        if left.suffix not in (".draft", ".old"):
            continue
        with contextlib.suppress(OSError):
            newest = max(item.stat().st_mtime for item in (left, left / "runs") if item.exists())
            if time.time() - newest > _STALE:
                shutil.rmtree(left, ignore_errors=True)
