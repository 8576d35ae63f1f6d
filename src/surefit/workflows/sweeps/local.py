"""A sweep on this machine: worker processes, and one loop that hands out cells."""

from __future__ import annotations

import dataclasses
import queue
import time
from pathlib import Path
from typing import Any

from surefit.errors import ClusterError, StorageError
from surefit.workflows.sweeps.agenda import Agenda
from surefit.workflows.sweeps.child import Child
from surefit.workflows.sweeps.ledger import PATIENCE, Ledger, Next, unusable
from surefit.workflows.sweeps.plan import Cell
from surefit.workflows.sweeps.room import Room
from surefit.workflows.sweeps.stopping import Stop, stop_signals

__all__ = ["run_locally"]

_TICK = 0.5
# So many workers in a row may end before they can work: then the next one would too.
_MOST_STILLBORN = 10
# Seconds that an interrupted worker has for its checkpoint.
_GRACE = 30.0


@dataclasses.dataclass(eq=False)
class _Seat:
    """A worker with what it is doing."""

    child: Child
    ready: bool = False
    cell: Cell | None = None
    weighing: bool = False
    group: str | None = None


class _Local:
    """The loop. All cells, seats and counts are its own; threads only bring answers."""

    def __init__(
        self, ledger: Ledger, out: Path, job: str, workers: int, memory_limit: int | float | None
    ) -> None:
        self._ledger, self._out, self._job, self._workers = ledger, str(out), job, workers
        self._agenda = Agenda(ledger.open)
        self._room = Room(memory_limit)
        self._weights: dict[str, int] = {}
        self._seats: dict[Child, _Seat] = {}
        self._answers: queue.SimpleQueue[tuple[Child, dict[str, Any] | None] | None] = (
            queue.SimpleQueue()
        )
        self._made = self._stillborn = 0

    def run(self) -> bool:
        """Work until nothing is left; whether that was interrupted."""
        try:
            with stop_signals(lambda: self._answers.put(None)) as stop:
                while (self._agenda or self._busy) and not stop:
                    self._hand_out()
                    self._hear()
                if stop:
                    self._interrupt(stop)
                return bool(stop)
        except StorageError:
            with stop_signals(lambda: self._answers.put(None)) as stop:
                self._interrupt(stop)
            raise
        finally:
            for child in self._seats:
                child.end()

    @property
    def _busy(self) -> list[_Seat]:
        return [seat for seat in self._seats.values() if seat.cell is not None]

    def _hand_out(self) -> None:
        while len(self._seats) < min(self._workers, len(self._busy) + len(self._agenda)):
            self._made += 1
            child = Child(f"worker {self._made}", self._job, self._told)
            self._seats[child] = _Seat(child)
        for seat in self._seats.values():
            if seat.ready and seat.cell is None:
                self._give(seat)

    def _told(self, child: Child, answer: dict[str, Any] | None) -> None:
        self._answers.put((child, answer))

    def _give(self, seat: _Seat) -> None:
        while True:
            cell = self._agenda.next(seat.child, seat.group, time.monotonic(), self._fits)
            if cell is None:
                return
            if not self._ledger.is_done(cell):  # another sweep may have been faster
                break
        seat.cell, seat.group = cell, cell.group
        if cell.group in self._weights:
            self._begin(seat, cell)
        else:
            seat.weighing = True
            seat.child.send(self._request("weigh", cell))

    def _fits(self, cell: Cell) -> bool:
        why = self._room.missing(self._weights.get(cell.group, 0))
        if why is not None:
            self._ledger.wait(cell, why)
        return why is None

    def _request(self, kind: str, cell: Cell) -> dict[str, Any]:
        return {"kind": kind, "spec": cell.payload, "out": self._out}

    def _begin(self, seat: _Seat, cell: Cell) -> None:
        weight = self._weights[cell.group]
        never = self._room.never(weight)
        if never is not None:
            seat.cell = None
            self._ledger.fail(cell, "MemoryLimitError", never)
        elif not self._fits(cell):
            seat.cell = None
            self._agenda.put_back(cell)
        else:
            self._room.take(seat.child.pid, weight)
            self._ledger.listener.started(cell.run_id, seat.child.name)
            seat.child.send(self._request("run", cell))

    def _hear(self) -> None:
        try:
            heard = self._answers.get(timeout=_TICK)
            while heard is not None:
                child, answer = heard
                if child in self._seats:
                    self._take_in(self._seats[child], answer)
                heard = self._answers.get_nowait()
        except queue.Empty:
            pass
        self._ledger.listener.tick()

    def _take_in(self, seat: _Seat, answer: dict[str, Any] | None) -> None:
        if answer is None:
            self._lose(seat)
            return
        kind, cell = answer["kind"], seat.cell
        if kind == "broken":
            raise unusable(answer["message"])
        if kind == "ready":
            seat.ready, self._stillborn = True, 0
        elif kind == "weighed" and cell is not None:
            seat.weighing, self._weights[cell.group] = False, answer["bytes"]
            self._begin(seat, cell)
        elif cell is not None:
            if seat.weighing and kind == "failed":
                # The run itself fails in the same way, or it can do without its weight.
                seat.weighing, self._weights[cell.group] = False, 0
                self._begin(seat, cell)
                return
            seat.cell = None
            self._room.leave(seat.child.pid)
            following = self._ledger.settle(cell, answer)
            if following is Next.LATER:
                self._agenda.later(cell, time.monotonic() + PATIENCE)
            elif following is Next.AGAIN:
                self._agenda.put_back(cell)
            if answer.get("worn_out"):
                self._dismiss(seat)

    def _dismiss(self, seat: _Seat) -> str:
        self._seats.pop(seat.child, None)
        self._agenda.leave(seat.child)
        self._room.leave(seat.child.pid)
        return seat.child.end()

    def _lose(self, seat: _Seat) -> None:
        why, cell = self._dismiss(seat), seat.cell
        if cell is not None and self._ledger.lose(cell, seat.child.name, why):
            self._agenda.put_back(cell)
        if not seat.ready:
            self._stillborn += 1
        if self._stillborn >= _MOST_STILLBORN:
            raise ClusterError(
                f"Worker processes must start. Got {self._stillborn} that ended before their "
                f"first cell; of the last one {why}. Nothing can be done without them. Try "
                "`python -m surefit.workflows.sweeps.worker` by hand."
            )

    def _interrupt(self, stop: Stop) -> None:
        """Have running cells write their checkpoints; a second signal ends them at once."""
        self._agenda.forget()
        for seat in self._busy:
            seat.child.interrupt()
        asked, deadline = stop.times, time.monotonic() + _GRACE
        while self._busy and stop.times == asked and time.monotonic() < deadline:
            try:
                heard = self._answers.get(timeout=_TICK)
            except queue.Empty:
                continue
            if heard is None:
                continue
            seat = self._seats.get(heard[0])
            if seat is None or seat.cell is None:
                continue
            cell, seat.cell = seat.cell, None
            if heard[1] is not None and heard[1]["kind"] == "finished":
                self._ledger.done(cell, Path(heard[1]["directory"]), heard[1]["seconds"])


def run_locally(
    ledger: Ledger, out: Path, *, job: str, workers: int, memory_limit: int | float | None
) -> bool:
    """Do the open cells of a sweep in processes on this machine.

    Args:
        ledger: of the sweep.
        out: the store.
        job: `module:function`.
        workers: how many processes.
        memory_limit: bytes for all cells together.

    Returns:
        Whether it was interrupted.

    Raises:
        StorageError: the store cannot be written; finished cells are safe.
        ClusterError: workers do not start.
    """
    return _Local(ledger, out, job, workers, memory_limit).run()
