"""The directory in which a run grows until it is published whole."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from surefit.core.jsonable import read_json, write_json
from surefit.errors import StorageError
from surefit.runs.identity import Identified, canonical_text
from surefit.runs.storing import storing

__all__ = ["Workspace", "require_free"]


def require_free(target: Path) -> None:
    """Make sure that a run can be published under its name.

    Raises:
        StorageError: something else has that name.
    """
    if os.path.lexists(target):
        raise StorageError(
            f"`Store(root=...)` must have nothing else under the name of a run. Got {target}, "
            "which does not hold the spec of that run. It was edited, copied in part, or is "
            "something else. Move it away, and run the same command again."
        )


class Workspace:
    """The directory in which a run grows until it is published whole.

    Made by `Store.begin`; the process that holds it is the only one at work on the run.

    Attributes:
        spec: what is run.
        path: write results here; exactly this directory is published. It survives a crash.
        scratch: write checkpoints here; it survives a crash and is never published.
        resumed: whether an earlier attempt left something in either of them.
        published: where the run is, once it is published.
    """

    def __init__(self, spec: Identified, path: Path, target: Path) -> None:
        self.spec, self.path, self._target = spec, path, target
        self.scratch = path.with_name(f"{path.name}.scratch")
        self.published: Path | None = None
        self._open = True
        with storing(target.parent):
            _refuse_links(path, self.scratch)
            path.mkdir(exist_ok=True)
            self.scratch.mkdir(exist_ok=True)
            # Every time: a process killed here may have left half of it.
            write_json(path / "spec.json", spec.canonical())
        self.resumed = self._has_work()

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.path.name

    def publish(self) -> Path:
        """Make the run visible in the store, whole, and drop the checkpoints.

        Everything is on the disk before the directory gets its name by one renaming: after a
        crash or a power cut the run is there completely or not at all.

        Returns:
            The directory of the finished run.

        Raises:
            StorageError: the disk is full, the name is taken, or `spec.json` was overwritten with
                another spec. The workspace stays as it is.
        """
        self._require_open("publish")
        require_free(self._target)
        own = self.path / "spec.json"
        if canonical_text(read_json(own)) != self.spec.canonical_json():
            raise StorageError(
                f"`Workspace.publish()` must find the spec of the run in {own}. Got another spec. "
                "A run directory is found by the spec in it. Write `spec.canonical()` there, or "
                "leave the file as it is."
            )
        with storing(self._target.parent):
            _sync_tree(self.path)
            self.path.rename(self._target)
            _sync(self._target.parent)
        self._open, self.published = False, self._target
        shutil.rmtree(self.scratch, ignore_errors=True)
        return self._target

    def discard(self) -> None:
        """Delete the results and checkpoints of this attempt and of all before it."""
        self._require_open("discard")
        self._open = False
        for directory in (self.path, self.scratch):
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Called when the lock goes: an attempt that has left nothing leaves no trace either."""
        if self._open and not self._has_work():
            self.discard()
        self._open = False

    def _has_work(self) -> bool:
        left = [*self.path.glob("*"), *self.scratch.glob("*")]
        return any(item != self.path / "spec.json" for item in left)

    def _require_open(self, call: str) -> None:
        if not self._open:
            raise StorageError(
                f"`Workspace.{call}()` must be called once, inside the context of `Store.begin`. "
                f"Got run {self.run_id}, which is published, discarded or left. Another process "
                "may be at work on it by now. Begin the run again."
            )


def _refuse_links(*directories: Path) -> None:
    """What is written into a workspace stays in it."""
    for directory in directories:
        for item in (directory, *directory.rglob("*")):
            if item.is_symlink() and (item.is_file() or item.is_dir()):
                raise StorageError(
                    f"`Store.begin(spec=...)` must find no symbolic links in {directory}. Got "
                    f"{item}. What is written there would end up elsewhere. Remove it, and run the "
                    "same command again."
                )


def _sync(path: Path) -> None:
    """Have the file or directory written to the disk itself."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        if path.is_dir():  # Windows opens no directories, and needs no such thing
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as cause:
        # EINVAL: a file system that cannot do this for directories. EBADF: Windows syncs only
        # what is open for writing.
        if cause.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def _sync_tree(root: Path) -> None:
    for directory, _, files in os.walk(root, topdown=False):
        for name in files:
            _sync(Path(directory) / name)
        _sync(Path(directory))
