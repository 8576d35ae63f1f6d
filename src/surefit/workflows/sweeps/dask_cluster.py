"""A sweep on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefit.core.plugins import PLUGINS
from surefit.errors import ClusterError, StorageError
from surefit.workflows.sweeps import dask_task
from surefit.workflows.sweeps.helpers import Errand
from surefit.workflows.sweeps.ledger import PATIENCE, Ledger, Next
from surefit.workflows.sweeps.plan import Cell
from surefit.workflows.sweeps.stopping import Stop, stop_signals

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["run_on_dask"]

_TICK = 0.5
# Seconds for fetching an answer that is there.
_FETCH = 30.0
# Seconds that interrupted cells have for their checkpoints.
_GRACE = 30.0


class _Remote:
    """The loop. All counts are its own; threads of the client only bring news."""

    def __init__(self, client: Client, ledger: Ledger, errand: Errand) -> None:
        self._client, self._ledger, self._errand = client, ledger, errand
        self._cells = {cell.run_id: cell for cell in ledger.open}
        self._running: dict[str, Future] = {}
        self._later: list[tuple[float, Cell]] = []
        self._submitted = 0
        self._news: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def run(self) -> bool:
        """Work until nothing is left; whether that was interrupted."""
        self._client.subscribe_topic(dask_task.topic(self._errand.token), self._told)
        for cell in sorted(self._ledger.open, key=lambda cell: -cell.cost):
            self._submit(cell)
        try:
            with stop_signals(lambda: self._news.put(None)) as stop:
                while (self._running or self._later) and not stop:
                    self._submit_later()
                    self._hear()
                if stop:
                    self._interrupt(stop)
                return bool(stop)
        except StorageError:
            with stop_signals(lambda: self._news.put(None)) as stop:
                self._interrupt(stop)
            raise
        finally:
            self._everywhere(dask_task.close)

    def _submit(self, cell: Cell) -> None:
        if self._ledger.is_done(cell):  # another sweep was faster
            return
        self._submitted += 1
        future = self._client.submit(
            dask_task.do_cell,
            self._errand,
            cell.payload,
            cell.group,
            key=f"{cell.run_id}-{self._errand.token}-{self._submitted}",
            priority=-self._submitted,
            pure=False,
        )
        self._running[cell.run_id] = future
        future.add_done_callback(lambda done: self._news.put(lambda: self._ended(cell, done)))

    def _submit_later(self) -> None:
        due = [cell for when, cell in self._later if when <= time.monotonic()]
        self._later = [(when, cell) for when, cell in self._later if cell not in due]
        for cell in due:
            self._submit(cell)

    def _hear(self) -> None:
        with contextlib.suppress(queue.Empty):
            news = self._news.get(timeout=_TICK)
            while news is not None:
                news()
                news = self._news.get_nowait()
        if self._client.status in ("closed", "closing", "connecting"):
            raise self._lost("its connection was lost")
        self._ledger.listener.tick()

    def _told(self, event: tuple[float, dict[str, Any]]) -> None:
        """In a thread of the client."""
        self._news.put(lambda: self._hear_of(event[1]))

    def _hear_of(self, message: dict[str, Any]) -> None:
        run_id, worker, listener = message["run_id"], message["worker"], self._ledger.listener
        if run_id not in self._running:
            return
        match message["kind"]:
            case "started":
                listener.started(run_id, worker)
            case "waiting":
                self._ledger.wait(self._cells[run_id], message["why"])
            case "lost":
                listener.lost(run_id, worker, message["why"])

    def _ended(self, cell: Cell, future: Future) -> None:
        if self._running.get(cell.run_id) is not future:
            return
        del self._running[cell.run_id]
        following = self._ledger.settle(cell, self._answer(future))
        if following is Next.LATER:
            self._later.append((time.monotonic() + PATIENCE, cell))
        elif following is Next.AGAIN:
            self._submit(cell)

    def _answer(self, future: Future) -> dict[str, Any]:
        from distributed.scheduler import KilledWorker

        try:
            if future.status == "finished":
                return future.result(timeout=_FETCH)
            error = future.exception(timeout=_FETCH) if future.status == "error" else None
        except (OSError, TimeoutError, CancelledError) as cause:
            raise self._lost(f"{type(cause).__name__}: {cause}") from cause
        if error is None:
            raise self._lost("its connection was lost")
        if isinstance(error, KilledWorker):
            return {"kind": "lost", "message": str(error)}
        raise ClusterError(
            f"`sweep(dask=...)` must have workers with the same surefit. Got "
            f"{type(error).__name__}: {error}. Cells are done there. Start them from an "
            "environment with the same packages as this one."
        ) from error

    def _lost(self, what: str) -> ClusterError:
        return ClusterError(
            f"`sweep(dask=...)` must have its scheduler until the end. Got "
            f"{self._client.scheduler.address if self._client.scheduler else 'a scheduler'}: "
            f"{what}. {self._ledger.finished} cells were finished meanwhile and are safe in the "
            "store; cells that were running have their checkpoints. Start the scheduler and its "
            "workers again, then run the same sweep: it does what is left."
        )

    def _everywhere(self, function: Callable[[str], None]) -> None:
        # Where the scheduler or a worker is gone, so are its processes.
        with contextlib.suppress(Exception):
            self._client.run(function, self._errand.token, on_error="ignore")

    def _interrupt(self, stop: Stop) -> None:
        """Have running cells write their checkpoints; a second signal ends them at once."""
        asked, deadline = stop.times, time.monotonic() + _GRACE
        waiting = {run_id: f for run_id, f in self._running.items() if not f.done()}
        self._everywhere(dask_task.stop)
        while (
            any(not future.done() for future in waiting.values())
            and stop.times == asked
            and time.monotonic() < deadline
        ):
            with contextlib.suppress(queue.Empty):
                self._news.get(timeout=_TICK)
        for run_id, future in waiting.items():
            if future.status == "finished":
                self._ledger.is_done(self._cells[run_id])
        with contextlib.suppress(Exception):
            self._client.cancel([*self._running.values()], force=True)


def run_on_dask(
    client: Client, ledger: Ledger, out: Path, *, job: str, memory_limit: int | float | None
) -> bool:
    """Do the open cells of a sweep on a Dask cluster.

    Args:
        client: of the cluster.
        ledger: of the sweep.
        out: the store, as workers see it.
        job: `module:function`.
        memory_limit: bytes for the cells of each Dask worker.

    Returns:
        Whether it was interrupted.

    Raises:
        StorageError: the store cannot be written; finished cells are safe.
        ClusterError: the scheduler was lost, or its workers are no use.
    """
    errand = Errand(
        token=uuid.uuid4().hex[:12],
        out=str(out),
        job=job,
        directory=os.getcwd(),
        path=tuple(sys.path),
        plugins=os.environ.get(PLUGINS, ""),
        memory_limit=memory_limit,
    )
    return _Remote(client, ledger, errand).run()
