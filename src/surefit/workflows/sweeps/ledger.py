"""What has become of the cells of a sweep so far."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json
from surefit.errors import BusyRunError, ClusterError, StorageError
from surefit.runs import Store
from surefit.workflows.sweeps.listener import SweepListener
from surefit.workflows.sweeps.plan import Cell

__all__ = ["MOST_LOSSES", "PATIENCE", "Ledger", "Next", "message_of_losses", "unusable"]

# So many workers may die over a cell before it counts as failed.
MOST_LOSSES = 3
# Seconds until a cell that another sweep works on is looked at again.
PATIENCE = 2.0


class Next(Enum):
    """What is to be done with a cell after a worker's answer."""

    NOTHING = "nothing"
    LATER = "later"
    AGAIN = "again"


class Ledger:
    """Counts what happens, tells the listener, and keeps failures in the store.

    Args:
        store: of the sweep.
        listener: hears of everything.
        cells: the whole sweep.
        retry_failed: whether cells that failed before are tried again.

    Attributes:
        open: cells that are to be done.
        finished: how many cells were finished since.
        reused: how many were finished before.
        failed: run ids of cells that failed, now or before.
    """

    def __init__(
        self, store: Store, listener: SweepListener, cells: Sequence[Cell], *, retry_failed: bool
    ) -> None:
        self.store, self.listener = store, listener
        before = set() if retry_failed else {one.run_id for one in store.failures()}
        found = {cell.run_id: store.find(cell.spec) for cell in cells}
        left = [cell for cell in cells if found[cell.run_id] is None]
        self.open = [cell for cell in left if cell.run_id not in before]
        self.failed = [cell.run_id for cell in left if cell.run_id in before]
        self.finished, self.reused = 0, len(cells) - len(left)
        self._losses: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._reused = [path for path in found.values() if path is not None]

    def plan(self, workers: int | None) -> None:
        """Tell the listener what is to be done."""
        took = [seconds for path in self._reused if (seconds := _seconds(path)) is not None]
        expected = None
        if took and workers:
            expected = sum(took) / len(took) * len(self.open) / min(workers, len(self.open) or 1)
        total = self.reused + len(self.failed) + len(self.open)
        self.listener.planned(total, self.reused, len(self.failed), expected)

    def is_done(self, cell: Cell) -> bool:
        """Whether the cell is in the store; then it is counted."""
        path = self.store.find(cell.spec)
        if path is not None:
            self.done(cell, path, _seconds(path) or 0.0)
        return path is not None

    def done(self, cell: Cell, directory: Path, seconds: float) -> None:
        """A cell is finished."""
        self.finished += 1
        self.listener.finished(cell.run_id, directory, seconds)

    def fail(
        self,
        cell: Cell,
        error: str,
        message: str,
        traceback: str = "",
        *,
        worker_lost: bool = False,
    ) -> None:
        """A cell failed.

        Raises:
            StorageError: that cannot be written down.
        """
        # Where another process works on the cell right now, that one has the last word.
        with contextlib.suppress(BusyRunError):
            self.store.record_failure(
                cell.spec,
                error=error,
                message=message,
                traceback=traceback,
                worker_lost=worker_lost,
            )
        self.failed.append(cell.run_id)
        self.listener.failed(cell.run_id, error, message)

    def settle(self, cell: Cell, answer: Mapping[str, Any]) -> Next:
        """Take in what a worker says about its cell.

        Returns:
            What is to be done with the cell.

        Raises:
            StorageError: the store is full or cannot be written.
            ClusterError: workers cannot import what they are to run.
        """
        match answer["kind"]:
            case "finished":
                self.done(cell, Path(answer["directory"]), answer["seconds"])
            case "failed":
                self.fail(cell, answer["error"], answer["message"], answer["traceback"])
            case "busy":
                self.wait(cell, answer["message"])
                return Next.LATER
            case "lost":
                self.abandon(cell, answer["message"])
            case "broken":
                raise unusable(answer["message"])
            case "storage":
                raise StorageError(answer["message"])
            case "interrupted":  # by somebody who sent the signal to the worker
                return Next.AGAIN
        return Next.NOTHING

    def wait(self, cell: Cell, why: str) -> None:
        """A cell cannot run now; the listener is told once."""
        if cell.run_id not in self._waiting:
            self._waiting.add(cell.run_id)
            self.listener.waiting(cell.run_id, why)

    def lose(self, cell: Cell, worker: str, why: str) -> bool:
        """The worker of a cell died: whether the cell is to be given to another one."""
        if self.is_done(cell):
            return False
        self._losses[cell.run_id] += 1
        if self._losses[cell.run_id] < MOST_LOSSES:
            self.listener.lost(cell.run_id, worker, why)
            return True
        self.abandon(cell, message_of_losses(why))
        return False

    def abandon(self, cell: Cell, message: str) -> None:
        """Too many workers died over a cell."""
        self.fail(cell, "worker_lost", message, worker_lost=True)


def unusable(complaint: str) -> ClusterError:
    """Workers cannot import the job."""
    return ClusterError(
        f"`sweep(job=...)` must be `module:function` that workers can import. Got {complaint} "
        "Correct the name, or put the module where their Python finds it."
    )


def message_of_losses(why: str) -> str:
    """What is wrong with a cell over which too many workers died, the last one like this."""
    return (
        f"Every worker must survive its cell. {MOST_LOSSES} died over this one; of the last, "
        f"{why}. A process that needs more memory than there is ends like that. Use fewer workers "
        "or a smaller cell, then run the sweep again with `retry_failed`."
    )


def _seconds(directory: Path) -> float | None:
    """What a finished run took, if it says so."""
    try:
        told = read_json(directory / "timings.json").get("total")
    except (StorageError, AttributeError):
        return None
    return float(told) if isinstance(told, int | float) else None
