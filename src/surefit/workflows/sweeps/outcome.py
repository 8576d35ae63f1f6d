"""What a sweep leaves besides the runs in its store."""

from __future__ import annotations

import dataclasses

__all__ = ["SweepOutcome"]


@dataclasses.dataclass(frozen=True)
class SweepOutcome:
    """How a sweep ended.

    Args:
        finished: cells that were finished during this sweep, by it or by another one on the same
            store.
        reused: cells that were finished before.
        failed: run ids of the cells that failed, now or before; `Store.failures` says how.
        interrupted: whether it was stopped before its end. The same call goes on.
        seconds: wall-clock seconds.
    """

    finished: int
    reused: int
    failed: tuple[str, ...]
    interrupted: bool
    seconds: float
