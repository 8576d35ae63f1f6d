"""What is known of a sweep while it runs, whatever shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surefit.cli.sweeping.costs import Costs, words
from surefit.cli.sweeping.law import Series, find_series
from surefit.core.tidy import tidy_row
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store
from surefit.runs.grid import GridSpec
from surefit.workflows.sweeps import SweepListener

__all__ = ["Progress", "reason"]


class Progress(SweepListener):
    """Follows a sweep; `shown` is called behind every event and twice a second.

    Args:
        grid: what is run.
        out: the store, whose finished cells count from the start.
    """

    def __init__(self, grid: GridSpec, out: Path) -> None:
        self.grid, self.cells = grid, grid.cells()
        self._specs: Mapping[str, CertifySpec] = {spec.run_id: spec for spec in self.cells}
        self._costs = Costs(self.cells)
        self.rows: dict[str, Mapping[str, Any]] = {}
        store = Store(out)
        for run_id, spec in self._specs.items():
            found = store.find(spec)
            if found is not None:
                self._read(run_id, found)
        self.total, self.reused, self.failed_before = len(self.cells), len(self.rows), 0
        self.running: dict[str, tuple[float, str]] = {}
        self.waiting_for: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self._done: set[str] = set(self.rows)
        self._known_failures = {one.run_id for one in store.failures()} & set(self._specs)
        self._skipped: set[str] = set()
        self._expected: float | None = None
        self._workers = 1
        self._begun = time.monotonic()
        self._series: list[Series] | None = None

    @property
    def left(self) -> int:
        """Cells that neither run nor ended."""
        done = len(self._done) + len(self.failures) + self.failed_before
        return max(0, self.total - done - len(self.running))

    @property
    def done(self) -> int:
        """Finished cells, those of before among them."""
        return len(self._done)

    def series(self) -> list[Series]:
        """The successes so far."""
        if self._series is None:
            options = self.grid.options
            self._series = find_series(self.cells, self.rows, self.grid.varied, options.success)
        return self._series

    def seconds_left(self) -> float | None:
        """Until the end, as far as finished cells tell; None: none has finished."""
        now = time.monotonic()
        ahead = [
            run_id
            for run_id in self._specs
            if not (run_id in self._done or run_id in self.failures or run_id in self._skipped)
        ]
        seconds = self._costs.expect(ahead)
        if seconds is None:
            if self._expected is None:
                return None
            return max(0.0, self._expected - (now - self._begun))
        spent = sum(
            min(now - begun, self._costs.expect([run_id]) or 0.0)
            for run_id, (begun, _) in self.running.items()
        )
        return max(0.0, seconds - spent) / self._workers

    def counts(self) -> str:
        """One line: done, running, failed, waiting, and the time left."""
        parts = [f"{self.done} of {self.total} done", f"{len(self.running)} running"]
        failed = len(self.failures) + self.failed_before
        parts += [f"{failed} failed", f"{self.left} to go"]
        if self.waiting_for:
            parts.append(f"{len(self.waiting_for)} waiting for memory")
        left = self.seconds_left()
        if left is not None and (self.left or self.running):
            parts.append(f"about {words(left)} left")
        return ", ".join(parts)

    def shown(self) -> None:
        """Something may have changed."""

    def said(self, text: str) -> None:
        """Something to be told once, in a line."""

    def _read(self, run_id: str, directory: Path) -> None:
        try:
            self.rows[run_id] = tidy_row(directory)
        except StorageError as error:
            self.said(str(error))
            self.rows[run_id] = {}
        self._series = None

    # The events, as `SweepListener` describes them.

    def planned(  # noqa: D102
        self, total: int, reused: int, failed_before: int, seconds_expected: float | None
    ) -> None:
        self.total, self.reused, self.failed_before = total, reused, failed_before
        self._expected = seconds_expected
        self._skipped = self._known_failures if failed_before else set()
        self._begun = time.monotonic()
        self.shown()

    def started(self, run_id: str, worker: str) -> None:  # noqa: D102
        self.running[run_id] = (time.monotonic(), worker)
        self.waiting_for.pop(run_id, None)
        self._workers = max(self._workers, len(self.running))
        self.shown()

    def finished(self, run_id: str, directory: Path, seconds: float) -> None:  # noqa: D102
        self.running.pop(run_id, None)
        self.waiting_for.pop(run_id, None)
        self._done.add(run_id)
        self._costs.learn(run_id, seconds)
        self._read(run_id, directory)
        self.shown()

    def failed(self, run_id: str, error: str, message: str) -> None:  # noqa: D102
        self.running.pop(run_id, None)
        self.waiting_for.pop(run_id, None)
        self.failures[run_id] = reason(error, message)
        self.said(f"failed: {run_id}: {self.failures[run_id]}")
        self.shown()

    def lost(self, run_id: str, worker: str, why: str) -> None:  # noqa: D102
        self.running.pop(run_id, None)
        self.said(f"{run_id} runs again: {why}")
        self.shown()

    def waiting(self, run_id: str, why: str) -> None:  # noqa: D102
        if run_id not in self.waiting_for:
            self.said(f"{run_id} waits: {why}")
        self.waiting_for[run_id] = why
        self.running.pop(run_id, None)
        self.shown()

    def tick(self) -> None:  # noqa: D102
        self.shown()


def reason(error: str, message: str) -> str:
    """A failure in one line."""
    first = (message.strip().splitlines() or [""])[0]
    return f"{error}: {first}" if first else error
