"""A store of runs as the figures need it: its rows, and the traces of every run."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

from surefit.core.experiment import ExperimentRecord
from surefit.core.kernel_record import KernelRecord
from surefit.core.record import RunRecord
from surefit.core.tidy import tidy_rows
from surefit.errors import InvalidInputError, StorageError
from surefit.report.figures.families import Family, families, finished
from surefit.report.figures.traces import RunTraces, kernel_traces, run_traces

__all__ = ["StoreView", "is_store", "read_run", "traces_of", "view"]

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class StoreView:
    """The runs of a store.

    Args:
        root: its directory.
        rows: finished runs and failures.
        families: runs that differ in width, samples and seed only, the largest family first.
        failures: the rows of what failed or cannot be read.
    """

    root: Path
    rows: tuple[Row, ...]
    families: tuple[Family, ...]
    failures: tuple[Row, ...]

    @property
    def runs(self) -> list[Row]:
        """The rows of finished runs that have a directory of their name."""
        return [row for row in finished(self.rows) if self.directory(row) is not None]

    def directory(self, row: Row) -> Path | None:
        """Where a run is; None for a name that is not that of a directory of the store."""
        name = str(row["run_id"])
        path = self.root / name
        return path if Path(name).name == name and (path / "spec.json").is_file() else None


def is_store(directory: Path) -> bool:
    """Whether a directory is a store rather than a run: nothing in it is the result of a run."""
    return Path(directory).is_dir() and not (Path(directory) / "result.json").exists()


def view(root: Path) -> StoreView:
    """The runs of a store.

    Raises:
        InvalidInputError: there is none.

    Cost: reads a few files of every run; some milliseconds per run.
    """
    root = Path(root)
    rows = tidy_rows(root)
    if not rows:
        raise InvalidInputError(
            f"`surefit report` must be given a run or a directory that holds runs. Got {root}, in "
            "which no directory holds a result.json. A run makes one when it is finished. Write "
            "the directory that `--out` named, or `surefit certify` to make a first run."
        )
    found = [row for row in rows if row.get("status") in ("failed", "unreadable")]
    return StoreView(root, tuple(rows), tuple(families(rows)), tuple(found))


def read_run(row: Row, directory: Path) -> tuple[Any, RunTraces | None]:
    """The record of a run, and its traces; experiments have none.

    Raises:
        StorageError: the run cannot be read.
    """
    try:
        if row["kind"] == "certify":
            run = RunRecord.load(directory)
            return run, run_traces(run, row.get("width"), row.get("samples"))
        if row["kind"] == "kernel":
            kernel = KernelRecord.load(directory)
            return kernel, kernel_traces(kernel, row.get("samples"))
        return ExperimentRecord.load(directory), None
    except (KeyError, TypeError, ValueError) as cause:
        raise StorageError(
            f"{directory} must hold a whole run. Got one in which {cause!r} went wrong. It may "
            "have been edited or copied in part; delete it and run the same command again."
        ) from cause


def traces_of(store: StoreView) -> dict[str, RunTraces]:
    """The traces of every run of the store; a run that cannot be read has none."""
    found = {}
    for row in store.runs:
        directory = store.directory(row)
        assert directory is not None
        with contextlib.suppress(StorageError):
            _, traces = read_run(row, directory)
            if traces is not None:
                found[row["run_id"]] = traces
    return found
