"""Memory for cells that run at the same time."""

from __future__ import annotations

import dataclasses

from surefit.core.memory import available_bytes, format_bytes
from surefit.workflows.sweeps.footprint import resident_bytes

__all__ = ["Room"]


@dataclasses.dataclass(frozen=True)
class _Taken:
    """What a running cell may still take: its estimate, less what its process has grown by."""

    pid: int
    estimate: int
    before: int | None

    @property
    def outstanding(self) -> int:
        now = resident_bytes(self.pid)
        if now is None or self.before is None:
            return self.estimate
        return max(0, self.estimate - max(0, now - self.before))


class Room:
    """Says whether a cell fits beside those that run.

    Args:
        limit: bytes for all cells together; None: what the machine, or the control group of a
            container or batch job, has.
    """

    def __init__(self, limit: int | float | None) -> None:
        self._limit = limit
        self._taken: dict[int, _Taken] = {}

    def never(self, needed: int) -> str | None:
        """Why a cell can never run, if so."""
        if self._limit is None or needed <= self._limit:
            return None
        return (
            f"`sweep(memory_limit=...)` must leave room for every single cell. Got "
            f"{format_bytes(self._limit)}; this cell needs {format_bytes(needed)}. Its Gram "
            "matrices and weights have to be in memory at once. Raise the limit, or use fewer "
            "samples, fewer classes or a smaller width."
        )

    def missing(self, needed: int) -> str | None:
        """Why a cell does not fit now, if so. Where nothing runs it is tried in any case."""
        if not self._taken:
            return None
        free = available_bytes() - sum(one.outstanding for one in self._taken.values())
        if self._limit is not None:
            free = min(free, int(self._limit) - sum(o.estimate for o in self._taken.values()))
        if needed <= free:
            return None
        return (
            f"needs {format_bytes(needed)}; {format_bytes(max(0, free))} are free beside the cells "
            "that run"
        )

    def take(self, pid: int, needed: int) -> None:
        """A cell begins in a process."""
        self._taken[pid] = _Taken(pid, needed, resident_bytes(pid))

    def leave(self, pid: int) -> None:
        """It has ended, or its process has."""
        self._taken.pop(pid, None)
