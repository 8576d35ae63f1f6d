"""Worker processes that a Dask worker keeps for a sweep."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from surefit.workflows.sweeps.child import Child
from surefit.workflows.sweeps.room import Room

__all__ = ["Errand", "Helper", "Helpers"]

# Seconds after which a worker process without work ends: whoever started the sweep may be gone.
_IDLE = 60.0
# Seconds between two looks at the free memory.
_LOOK = 1.0


@dataclasses.dataclass(frozen=True)
class Errand:
    """What is the same for all cells of a sweep.

    Args:
        token: names the sweep.
        out: the store.
        job: `module:function`.
        directory: where relative paths of data begin.
        path: where the sweep itself looks for modules.
        plugins: the user's own files, as `surefit.core.plugins` names them.
        memory_limit: bytes for the cells of one Dask worker.
    """

    token: str
    out: str
    job: str
    directory: str
    path: tuple[str, ...]
    plugins: str
    memory_limit: int | float | None


class Helper:
    """A worker process with its answers.

    Args:
        errand: what it is for.

    Attributes:
        group: of its last cell.
        since: when it had nothing to do any more.
        ready: whether it has started.
    """

    def __init__(self, errand: Errand) -> None:
        self.answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.group: str = ""
        self.since = time.monotonic()
        self.child = Child(
            "helper",
            errand.job,
            lambda child, answer: self.answers.put(answer),
            directory=errand.directory,
            path=errand.path,
            plugins=errand.plugins,
        )

        self.ready = False

    def prepare(self) -> dict[str, Any] | None:
        """Wait until it can work: None if so, its complaint if it cannot import the job.

        Raises:
            EOFError: it died before.
        """
        if self.ready:
            return None
        answer = self._next()
        self.ready = answer["kind"] == "ready"
        return None if self.ready else answer

    def ask(self, kind: str, spec: dict[str, Any], out: str) -> dict[str, Any]:
        """Have it weigh or run a cell.

        Raises:
            EOFError: it died.
        """
        self.child.send({"kind": kind, "spec": spec, "out": out})
        return self._next()

    def _next(self) -> dict[str, Any]:
        answer = self.answers.get()
        if answer is None:
            raise EOFError
        return answer


class Helpers:
    """The worker processes of one sweep in one Dask worker. Safe for threads.

    Args:
        errand: what they are for.

    Attributes:
        stopped: whether no more cells are to be done.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.stopped = False
        self._lock = threading.Lock()
        self._idle: list[Helper] = []
        self._at_work: list[Helper] = []
        self._weights: dict[str, int] = {}
        self._room = Room(errand.memory_limit)

    def borrow(self, group: str) -> Helper:
        """A process, one that has worked on the group before if there is one."""
        with self._lock:
            alike = [helper for helper in self._idle if helper.group == group]
            helper = next(iter([*alike, *self._idle]), None) or Helper(self.errand)
            self._idle = [other for other in self._idle if other is not helper]
            helper.group = group
            self._at_work.append(helper)
            return helper

    def give_back(self, helper: Helper, *, usable: bool) -> str:
        """Keep a process for the next cell, or end it; how it had ended, in words."""
        with self._lock:
            self._at_work.remove(helper)
            self._room.leave(helper.child.pid)
            if usable and not self.stopped:
                helper.since = time.monotonic()
                self._idle.append(helper)
                timer = threading.Timer(_IDLE + 1.0, self._reap)
                timer.daemon = True
                timer.start()
                return ""
        return helper.child.end()

    def _reap(self) -> None:
        now = time.monotonic()
        with self._lock:
            old = [helper for helper in self._idle if now - helper.since >= _IDLE]
            self._idle = [helper for helper in self._idle if helper not in old]
        for helper in old:
            helper.child.end()

    def stop(self, *, now: bool) -> None:
        """Interrupt the cells that run; with `now`, end all processes at once."""
        with self._lock:
            self.stopped = True
            idle, self._idle = self._idle, []
            for helper in self._at_work:
                helper.child.interrupt()
            at_work = [*self._at_work] if now else []
        for helper in [*idle, *at_work]:
            helper.child.end()

    def reserve(
        self, helper: Helper, spec: dict[str, Any], told: Callable[[str], None]
    ) -> str | None:
        """Wait until a cell fits into memory.

        Args:
            helper: the process that it is to run in.
            spec: of the cell.
            told: hears why it has to wait.

        Returns:
            Why it never fits, if so.

        Raises:
            EOFError: the process died.
        """
        if helper.group not in self._weights:
            answer = helper.ask("weigh", spec, self.errand.out)
            self._weights[helper.group] = answer.get("bytes", 0)
        weight, silent = self._weights[helper.group], True
        never = self._room.never(weight)
        while never is None and not self.stopped:
            with self._lock:
                why = self._room.missing(weight)
                if why is None:
                    self._room.take(helper.child.pid, weight)
                    break
            if silent:
                told(why)
            silent = False
            time.sleep(_LOOK)
        return never
