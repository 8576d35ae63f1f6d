"""What makes two training runs the same, so that one may go on where the other stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from surefit.core.layer import Params
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.method import Method
from surefit.training.monitor import Monitor
from surefit.training.schedule import Schedule

__all__ = ["fingerprint", "require_same"]

_DECIMAL = r"\d+\.\d+(e[+-]?\d+)?"


def fingerprint(
    problem: Problem,
    params: Params,
    method: Method,
    monitors: Sequence[Monitor],
    schedule: Schedule,
    *,
    steps: int,
    seed: int,
    precision: str = "float64",
) -> dict[str, str]:
    """Everything that decides what a run computes up to a given step, in short texts.

    The number of steps, the target loss and the stop condition are not in it: they decide when a
    run ends, not what it computes on the way, so a finished run can be prolonged.
    """
    return {
        "data": _digest(problem.x, problem.y),
        "network": _text(problem.network),
        "loss": _text(problem.loss),
        "initial parameters": _digest(*jax.tree.leaves(params)),
        # Ten digits: an automatic step size may differ in its last bits between two processes,
        # and the run goes on with the one it began with.
        "method": re.sub(_DECIMAL, _rounded, _without_addresses(method.identity(steps))),
        "monitors": ", ".join(sorted(_text(monitor) for monitor in monitors)),
        "schedule": repr(schedule),
        "seed": str(seed),
        "precision": precision,
        "software": f"JAX {jax.__version__} on {jax.default_backend()}",
    }


def require_same(found: Mapping[str, str], asked: Mapping[str, str], where: Any) -> None:
    """Refuse to go on with another run.

    Raises:
        InvalidInputError: the two differ; the message says in what.
    """
    different = [
        f"{part} ({_short(found.get(part, 'nothing'))} there, {_short(asked[part])} here)"
        for part in asked
        if found.get(part) != asked[part]
    ]
    if different:
        raise InvalidInputError(
            f"`train(checkpoint=...)` must name a directory of the same run, or an empty one. Got "
            f"{where}, which differs in: {'; '.join(different)}. Going on would mix two runs. "
            "Use another directory, or delete this one to start anew."
        )


def _text(thing: Any) -> str:
    return _without_addresses(repr(thing))


def _without_addresses(text: str) -> str:
    # The default repr of an object contains its address, which is another one in every process.
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def _digest(*arrays: Any) -> str:
    total = hashlib.sha256()
    for array in map(np.asarray, arrays):
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match.group()):.10g}"


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
