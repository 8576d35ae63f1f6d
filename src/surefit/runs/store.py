"""The run store: finished runs by spec, unfinished ones protected and resumable.

Layout of the root directory:

```
root/
  digits-shallow-tanh-512-s0-3f9a1c2b7d/    a finished run, named by `CertifySpec.run_id`
    spec.json                               its canonical spec; the rest is the workflow's
    result.json ...
  .incomplete/
    <run id>/                               results of a run in progress or interrupted
    <run id>.scratch/                       its checkpoints, never published
    <run id>.lock                           held while a process works on it
  .failed/
    <run id>/                               a run that failed, with its traceback
```

A run appears in the root by renaming its directory, so it is there whole or not at all. Other
directories in the root are left alone and not listed. Two copies of a root can be merged by
copying run directories.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from surefit.core.tidy import tidy_rows
from surefit.errors import BusyRunError, StorageError
from surefit.runs.directories import make_writable
from surefit.runs.failures import FailedRun, drop_failure, read_failures, write_failure
from surefit.runs.identity import Identified, canonical_text
from surefit.runs.lock import exclusive
from surefit.runs.stored import StoredRun, read_run, read_runs
from surefit.runs.storing import FULL, storing
from surefit.runs.workspace import Workspace, require_free

__all__ = ["Store", "StoredRun"]


class Store:
    """The runs in one directory. Nothing is made or written before `begin`.

    Args:
        root: the directory; it may not exist yet.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).expanduser()
        self._incomplete = self.root / ".incomplete"
        self._failed = self.root / ".failed"

    def find(self, spec: Identified) -> Path | None:
        """The directory of the finished run with this spec, or None."""
        run = read_run(self.root / spec.run_id)
        if run is None or canonical_text(run.spec) != spec.canonical_json():
            return None
        return run.path

    def runs(self) -> list[StoredRun]:
        """The finished runs, by name. Cost: reads two small files per run."""
        return self._list(self.root)

    def incomplete(self) -> list[StoredRun]:
        """The runs that are in progress or were interrupted, by name."""
        return self._list(self._incomplete)

    def table(self, where: str | Sequence[str] = ()) -> list[dict[str, Any]]:
        """The finished and failed runs as rows of one tidy table, by name.

        `surefit.core.tidy.COLUMNS` says what each column is; a row holds them all, None where a
        run has nothing there. `pandas.DataFrame` takes the rows as they are.

        Args:
            where: conditions that are to hold, as `"width>=128 and network=fc,resnet"`
                (`surefit.runs.table.where`).

        Raises:
            InvalidInputError: a condition is none, or names a column that does not exist.

        Cost: about two milliseconds per run.
        """
        from surefit.runs.table.where import parse_where, select_rows

        return [dict(row) for row in select_rows(tidy_rows(self.root), parse_where(where))]

    def _list(self, directory: Path) -> list[StoredRun]:
        with storing(self.root):
            return read_runs(directory)

    def require_writable(self) -> None:
        """Make the root, and find out now whether it can be written.

        Raises:
            StorageError: it cannot.
        """
        with storing(self.root):
            make_writable(self._incomplete)
        with storing(self.root):
            self._clean()

    def failures(self) -> list[FailedRun]:
        """The runs that failed and did not succeed since, by name."""
        with storing(self.root):
            found = read_failures(self._failed)
        return [one for one in found if read_run(self.root / one.run_id) is None]

    def record_failure(
        self,
        spec: Identified,
        *,
        error: str,
        message: str,
        traceback: str = "",
        worker_lost: bool = False,
    ) -> None:
        """Keep what went wrong with a run, until it is published; counts the attempts.

        Nothing is written where the run is finished by now.

        Args:
            spec: of the run.
            error: the class name of the error.
            message: what it says.
            traceback: where it was raised.
            worker_lost: whether the process of the run died instead.

        Raises:
            StorageError: the store cannot be written.
            BusyRunError: another process works on the run.
        """
        self.require_writable()
        name = spec.run_id
        with storing(self.root), exclusive(self._lock(name), name):
            if self.find(spec) is None:
                write_failure(
                    self._failed / name,
                    self._draft(name),
                    spec,
                    error=error,
                    message=message,
                    traceback=traceback,
                    worker_lost=worker_lost,
                )

    def forget_failure(self, run_id: str) -> None:
        """Delete what is known of a failed run; nothing happens where there is no such run.

        Raises:
            StorageError: the store cannot be written.
            BusyRunError: another process works on the run.
        """
        if (self._failed / run_id).is_dir():
            with storing(self.root):
                self._incomplete.mkdir(exist_ok=True)
            with exclusive(self._lock(run_id), run_id), storing(self.root):
                self._drop_failure(run_id)

    def _draft(self, run_id: str) -> Path:
        """Where a failure is written before it appears; for the holder of the run's lock."""
        return self._incomplete / f"{run_id}.failure"

    def _drop_failure(self, run_id: str) -> None:
        drop_failure(self._failed / run_id, self._draft(run_id))

    def _lock(self, run_id: str) -> Path:
        return self._incomplete / f"{run_id}.lock"

    @contextlib.contextmanager
    def begin(self, spec: Identified) -> Iterator[Workspace]:
        """Work on a run: `with store.begin(spec) as workspace: ... workspace.publish()`.

        The workspace of an interrupted run is found again with its content. Leaving the context
        without `publish` or `discard`, or dying in it, keeps the workspace for the next attempt.

        What is known of earlier failures of the run goes when it is published.

        Raises:
            StorageError: the root cannot be made or written, or the run is finished; at once,
                before any work. In the context: the disk is full.
            BusyRunError: another process works on this run; at once.
        """
        self.require_writable()
        name, target = spec.run_id, self.root / spec.run_id
        with storing(self.root, only=FULL), exclusive(self._lock(name), name):
            if self.find(spec) is not None:
                raise StorageError(
                    f"`Store.begin(spec=...)` must be given a run that is not finished. Got "
                    f"{name}, which is in {self.root}. A finished run is not overwritten. Use it "
                    "(`find` gives its directory), or delete that directory to run again."
                )
            require_free(target)
            shutil.rmtree(self._draft(name), ignore_errors=True)  # of a killed process
            workspace = Workspace(spec, self._incomplete / name, target)
            try:
                yield workspace
            finally:
                workspace.close()
                if workspace.published is not None:
                    self._drop_failure(name)

    def clean(self) -> None:
        """Remove what processes left that were killed just after publishing a run.

        Where the store cannot be written it stays; it harms nothing.
        """
        with contextlib.suppress(StorageError), storing(self.root):
            self._clean()

    def _clean(self) -> None:
        for rest in self._incomplete.glob("*.deleted"):  # of a process killed while deleting
            shutil.rmtree(rest, ignore_errors=True)
        left = [path.name.removesuffix(".owner") for path in self._incomplete.glob("[!.]*.*")]
        names = {name.rpartition(".")[0] for name in left}
        for name in names | {path.name for path in self._failed.glob("*")}:
            if not (self.root / name / "spec.json").exists():
                continue
            # A held lock: that process is about to remove all this itself.
            with (
                contextlib.suppress(BusyRunError),
                exclusive(self._lock(name), name),
            ):
                shutil.rmtree(self._incomplete / f"{name}.scratch", ignore_errors=True)
                (self._incomplete / f"{name}.draft").unlink(missing_ok=True)
                self._drop_failure(name)
