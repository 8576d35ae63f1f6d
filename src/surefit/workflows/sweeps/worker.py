"""A process that works on cells, one after another: `python -m surefit.workflows.sweeps.worker`.

It reads one JSON object a line from its standard input and answers on its standard output. When
its input ends, whoever started it is gone or wants no more of it, and it ends at once, with
everything that it started. Cells are safe from that: they are in the store, or their checkpoints
are.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from surefit.core.plugins import PLUGINS, load_named_plugins
from surefit.errors import BusyRunError
from surefit.workflows.sweeps.faults import of_the_store
from surefit.workflows.sweeps.footprint import worn_out

__all__ = ["main"]


class Worker:
    """Answers requests by calling the functions of a module.

    Args:
        job: `module:function`; the module may have a function `weigh` too.
    """

    def __init__(self, job: str) -> None:
        module, _, function = job.partition(":")
        found = importlib.import_module(module)
        self._run = getattr(found, function)
        self._weigh = getattr(found, "weigh", lambda spec: 0)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What came of a request."""
        spec, out = request["spec"], request["out"]
        begun = time.monotonic()
        try:
            if request["kind"] == "weigh":
                return {"kind": "weighed", "bytes": int(self._weigh(spec))}
            directory = self._run(spec, out)
        except BusyRunError as error:
            return {"kind": "busy", "message": str(error)}
        except Exception as error:
            fault = of_the_store(error, out)
            if fault is not None:
                return {"kind": "storage", "message": str(fault)}
            return {
                "kind": "failed",
                "error": type(error).__name__,
                "message": str(error),
                "traceback": traceback.format_exc(),
            }
        seconds = time.monotonic() - begun
        return {"kind": "finished", "directory": str(directory), "seconds": seconds}


def main() -> None:
    """Serve until the input ends."""
    # What libraries print must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        _serve(requests, answers)
    os._exit(0)  # libraries may have threads that do not end


def _listen(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    _end()


def _end() -> None:
    """End this process and those that it started, whatever they are doing."""
    if hasattr(os, "getpgrp") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _serve(requests: queue.SimpleQueue[dict[str, Any]], answers: TextIO) -> None:
    def tell(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    begin = requests.get()
    sys.path += [entry for entry in begin["path"] if entry not in sys.path]
    os.environ[PLUGINS] = begin["plugins"]
    try:
        os.chdir(begin["directory"])
        load_named_plugins()
        worker = Worker(begin["job"])
        tell({"kind": "ready"})
    except Exception:
        tell({"kind": "broken", "message": traceback.format_exc()})
        return
    while True:
        request = requests.get()
        try:
            answer = worker.answer(request)
        except KeyboardInterrupt:
            tell({"kind": "interrupted"})
            return
        tell({**answer, "worn_out": worn_out()})


if __name__ == "__main__":
    main()
