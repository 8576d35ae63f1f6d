"""Ctrl-C and SIGTERM as a question that a loop asks."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

__all__ = ["Stop", "stop_signals"]


class Stop:
    """How often somebody has asked to stop."""

    def __init__(self) -> None:
        self.times = 0

    def __bool__(self) -> bool:
        return self.times > 0


@contextlib.contextmanager
def stop_signals(wake: Callable[[], None]) -> Iterator[Stop]:
    """Count the signals of the context instead of being ended by them.

    Only the main thread of a process can do that; in another one nothing is counted.

    Args:
        wake: called at every signal; must be safe in a signal handler.
    """
    stop = Stop()

    def heard(number: int, frame: object) -> None:
        stop.times += 1
        wake()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
