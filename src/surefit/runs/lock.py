"""A lock file that one process at a time can hold, and that a killed process lets go of.

The operating system's file locks do this: `flock` where there is `fcntl`, `msvcrt.locking` on
Windows. Some network file systems have no locks; there the existence of a second file
(`<name>.owner`) is the lock, and it is taken over if the process named in it is gone.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from surefit.errors import BusyRunError
from surefit.runs.processes import is_alive
from surefit.runs.storing import storing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["exclusive"]

UNSUPPORTED = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
# Somebody who only asks whether a lock is held (`surefit.runs.occupied`) has it for an instant, and
# only where the process named in it is gone. So often, so many seconds apart, it is tried again.
TRIES, PAUSE = 20, 0.01


@contextlib.contextmanager
def exclusive(path: Path, name: str) -> Iterator[None]:
    """Hold the lock file `path` for the duration of the context.

    Args:
        path: the lock file; made if absent, removed at the end. Its directory exists.
        name: what the lock protects, for the message.

    Raises:
        BusyRunError: another process (or another part of this one) holds it.
        StorageError: the file cannot be made.
    """
    with storing(path.parent):
        descriptor = _acquire(path, name)
    try:
        with _owner_file(path.with_name(f"{path.name}.owner"), name, needed=descriptor is None):
            yield
    finally:
        if descriptor is not None:
            _release(descriptor, path)


def _acquire(path: Path, name: str) -> int | None:
    """The locked descriptor, or None where the file system knows no locks."""
    tries = 1
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                _lock(descriptor)
            except OSError as cause:
                if cause.errno in UNSUPPORTED:
                    os.close(descriptor)
                    path.unlink(missing_ok=True)
                    return None
                if cause.errno not in TAKEN:
                    raise
                owner = _read(path)
                if tries == TRIES or _names_living(owner):
                    raise _busy(name, owner) from None
                tries += 1
                time.sleep(PAUSE)
            else:
                if _is_current(descriptor, path):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Or the holder before us removed the file between our opening and our locking it.
        os.close(descriptor)


def _names_living(owner: str) -> bool:
    return owner.strip().isdigit() and is_alive(int(owner))


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        # A byte far beyond the content, so that others can read who holds the lock.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _release(descriptor: int, path: Path) -> None:
    # While it is locked, so that nobody can lock the file that we remove; Windows removes no
    # open files, and there an empty lock file may remain.
    with contextlib.suppress(OSError):
        path.unlink()
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for children that inherited it by fork
    os.close(descriptor)


@contextlib.contextmanager
def _owner_file(path: Path, name: str, *, needed: bool) -> Iterator[None]:
    if not needed:
        yield
        return
    me = f"{os.getpid()} {_this_machine()}"
    _remove_if_stale(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        raise _busy(name, _read(path), f" If there is no such process, delete {path}.") from None
    try:
        os.write(descriptor, me.encode())
        yield
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def _remove_if_stale(path: Path) -> None:
    owner = _read(path).split()
    if len(owner) != 2 or not owner[0].isdigit() or owner[1] != _this_machine():
        return
    if is_alive(int(owner[0])):
        return
    # One process at a time removes one, and reads it again first: the owner may have let go of it
    # and ended since, and then the file is of somebody who works. A dead owner's file does not
    # change between that look and the removal.
    removing = path.with_name(f"{path.name}.removing")
    try:
        os.close(os.open(removing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        return
    try:
        if _read(path).split() == owner:
            path.unlink(missing_ok=True)
    finally:
        removing.unlink(missing_ok=True)


def _this_machine() -> str:
    # Process numbers mean something on one machine only; its name is nobody else's business.
    return hashlib.sha256(platform.node().encode()).hexdigest()[:12]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _busy(name: str, owner: str, more: str = "") -> BusyRunError:
    process = f"process {owner.split(maxsplit=1)[0]}" if owner.strip() else "another process"
    return BusyRunError(
        f"`Store.begin(...)` must be the only one at work on a run. Got run {name}, on which "
        f"{process} works right now. Two processes would overwrite each other's checkpoints. "
        f"Wait until it has finished, then the same command reuses its result.{more}"
    )
