"""What a Dask worker does for a sweep: it has cells done by worker processes of its own.

A cell never runs inside the Dask worker itself: its libraries would have as many threads as they
like, a crash of one cell would take others with it, and results would not be those of a sweep on
one machine.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from surefit.runs import CertifySpec, Store
from surefit.workflows.sweeps.helpers import Errand, Helpers
from surefit.workflows.sweeps.ledger import MOST_LOSSES, message_of_losses

__all__ = ["close", "do_cell", "stop", "topic"]

_HELPERS: dict[str, Helpers] = {}
_CLOSED: set[str] = set()
_HELPERS_LOCK = threading.Lock()


def _helpers(errand: Errand) -> Helpers:
    with _HELPERS_LOCK:
        helpers = _HELPERS.setdefault(errand.token, Helpers(errand))
        helpers.stopped = helpers.stopped or errand.token in _CLOSED
        return helpers


def do_cell(errand: Errand, spec: dict[str, Any], group: str) -> dict[str, Any]:
    """Have a cell done.

    Args:
        errand: of the sweep.
        spec: of the cell.
        group: of cells that compile alike.

    Returns:
        The answer of the worker process; or that so many of them died.
    """
    parsed, helpers, store = CertifySpec.from_canonical(spec), _helpers(errand), Store(errand.out)
    why, started = "", False
    for _ in range(MOST_LOSSES):
        if helpers.stopped:
            return {"kind": "interrupted"}
        found = store.find(parsed)
        if found is not None:
            return {"kind": "finished", "directory": str(found), "seconds": 0.0}
        answer, why, ready = _attempt(helpers, spec, group, parsed.run_id)
        if answer is not None:
            return answer
        started = started or ready
        _tell(errand, {"kind": "lost", "run_id": parsed.run_id, "why": why})
    found = store.find(parsed)
    if found is not None:
        return {"kind": "finished", "directory": str(found), "seconds": 0.0}
    if not started:
        return {"kind": "broken", "message": f"processes that do not start; of the last, {why}."}
    return {"kind": "lost", "message": message_of_losses(why)}


def _attempt(
    helpers: Helpers, spec: dict[str, Any], group: str, run_id: str
) -> tuple[dict[str, Any] | None, str, bool]:
    """The answer about a cell, or None and how the process died; whether it had started."""
    helper, answer = helpers.borrow(group), None

    def wait(why: str) -> None:
        _tell(helpers.errand, {"kind": "waiting", "run_id": run_id, "why": why})

    try:
        answer = helper.prepare()
        if answer is None:
            never = helpers.reserve(helper, spec, wait)
            if never is not None:
                answer = {"kind": "failed", "error": "MemoryLimitError", "message": never}
                answer["traceback"] = ""
            elif helpers.stopped:
                answer = {"kind": "interrupted"}
            else:
                _tell(helpers.errand, {"kind": "started", "run_id": run_id})
                answer = helper.ask("run", spec, helpers.errand.out)
    except EOFError:
        answer = None
    finally:
        ended = answer is None or answer["kind"] in ("interrupted", "broken")
        usable = not ended and not (answer or {}).get("worn_out")
        why = helpers.give_back(helper, usable=usable)
    return answer, why, helper.ready


def _tell(errand: Errand, message: dict[str, Any]) -> None:
    from distributed import get_worker

    # Only news: a scheduler that is gone is heard of elsewhere.
    with contextlib.suppress(Exception):
        worker = get_worker()
        worker.log_event(topic(errand.token), {**message, "worker": str(worker.name)})


def topic(token: str) -> str:
    """Under which name news of a sweep travel."""
    return f"surefit-{token}"


def stop(token: str) -> None:
    """In a Dask worker: interrupt the cells of a sweep."""
    with _HELPERS_LOCK:
        _CLOSED.add(token)
        helpers = _HELPERS.get(token)
    if helpers is not None:
        helpers.stop(now=False)


def close(token: str) -> None:
    """In a Dask worker: end all processes of a sweep."""
    with _HELPERS_LOCK:
        _CLOSED.add(token)
        helpers = _HELPERS.pop(token, None)
    if helpers is not None:
        helpers.stop(now=True)
