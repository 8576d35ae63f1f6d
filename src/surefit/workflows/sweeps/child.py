"""A worker process, seen from the process that started it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surefit.core.plugins import PLUGINS
from surefit.workflows.sweeps.pinned import pinned

__all__ = ["Child"]

Told = Callable[["Child", "dict[str, Any] | None"], None]


class Child:
    """A worker process: a new interpreter, never a fork, because JAX has threads.

    Args:
        name: what listeners call it.
        job: `module:function`, what it runs.
        told: called with every answer, in a thread of its own; with None when there comes no more,
            because the process has ended.
        directory: where it works, for relative paths of data; None: where this process does.
        path: where it looks for modules besides its own places; None: where this process does.
        plugins: the user's own files, as `surefit.core.plugins` names them; None: those of this
            process.

    Attributes:
        pid: its process number.
    """

    def __init__(
        self,
        name: str,
        job: str,
        told: Told,
        *,
        directory: str | None = None,
        path: Sequence[str] | None = None,
        plugins: str | None = None,
    ) -> None:
        self.name = name
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "surefit.workflows.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=pinned(),
            # Ctrl-C in a terminal reaches the sweep, which then tells its workers.
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.send(
            {
                "path": [*(path or sys.path)],
                "directory": directory or os.getcwd(),
                "plugins": os.environ.get(PLUGINS, "") if plugins is None else plugins,
                "job": job,
            }
        )
        threading.Thread(target=self._listen, args=(told,), daemon=True).start()

    def _listen(self, told: Told) -> None:
        with contextlib.suppress(ValueError, OSError):  # a line cut off by the death of the process
            for line in self._process.stdout or ():
                told(self, json.loads(line))
        told(self, None)

    def send(self, request: Mapping[str, Any]) -> None:
        """Ask for something; a process that has died is heard of by `told`."""
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C does: a checkpoint is written first."""
        with contextlib.suppress(OSError, ValueError):
            self._process.send_signal(signal.SIGINT)

    def end(self) -> str:
        """End the process, whatever it is doing, and all that it started.

        Returns:
            How it had ended, if it had, in words.
        """
        code = self._process.poll()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.close()
        last = self._process.wait()
        why = _ending(last if code is None else code)
        with contextlib.suppress(OSError, ValueError):
            self._process.stdout.close()
        return why + self._last_words()

    def _last_words(self) -> str:
        try:
            self._words.seek(0, os.SEEK_END)
            self._words.seek(max(0, self._words.tell() - 2000))
            lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
            self._words.close()
        except (OSError, ValueError):
            return ""
        return f". Its last words: {' | '.join(lines[-3:])}" if lines else ""


def _ending(code: int) -> str:
    if code >= 0:
        return f"its process ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    more = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{more}"
