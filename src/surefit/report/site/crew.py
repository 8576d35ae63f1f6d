"""Many jobs in several processes, their answers in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

__all__ = ["answers"]

Job = TypeVar("Job")
Answer = TypeVar("Answer")
# A process costs a second to start; with fewer jobs than this it is not worth it.
_WORTH = 40
_CHUNK = 8


def answers(
    work: Callable[[Job], Answer], jobs: Sequence[Job], processes: int
) -> Generator[Answer, None, None]:
    """The answer to every job, in their order.

    What processes that died leave is done here.

    Args:
        work: a function of a module.
        jobs: what it is called with; can be pickled, as the answers.
        processes: how many at most; fewer where there are few jobs.
    """
    done = 0
    processes = min(processes, len(jobs) // _WORTH)
    if processes > 1:
        try:
            for answer in _in_processes(work, jobs, processes):
                yield answer
                done += 1
        except BrokenProcessPool:  # killed: the memory was short, say
            pass
    yield from map(work, jobs[done:])


def _in_processes(
    work: Callable[[Job], Answer], jobs: Sequence[Job], processes: int
) -> Generator[Answer, None, None]:
    # Spawned: a fork would upset the threads of this process.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin)
    try:
        yield from pool.map(work, jobs, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    # Ctrl-C goes to all processes of a terminal; the parent answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    # A parent that is killed tells nobody, and its children would wait for work for ever.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
