"""What a sweep tells while it is under way."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SweepListener"]


class SweepListener:
    """Hears of progress; this one keeps it to itself. The command line's shows it.

    All methods are called in the thread that called `sweep`.
    """

    def planned(
        self, total: int, reused: int, failed_before: int, seconds_expected: float | None
    ) -> None:
        """Before the first cell runs.

        Args:
            total: cells of the sweep, each counted once.
            reused: those that were finished before.
            failed_before: those that failed before and are not tried again.
            seconds_expected: until the end, from finished cells of the store; None: there are none.
        """

    def started(self, run_id: str, worker: str) -> None:
        """A worker begins with a cell, or goes on with it."""

    def finished(self, run_id: str, directory: Path, seconds: float) -> None:
        """A cell is in the store; `seconds` is what it took in its worker."""

    def failed(self, run_id: str, error: str, message: str) -> None:
        """A cell ended with an error: the name of its class, and its message."""

    def lost(self, run_id: str, worker: str, why: str) -> None:
        """A worker died; the cell runs again."""

    def waiting(self, run_id: str, why: str) -> None:
        """A cell does not fit into memory now, or another process works on it."""

    def tick(self) -> None:
        """About twice a second."""
