"""The main journey: data, kernel, theorems, training, comparison, certificate, run directory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from surefit.certificates import CERTIFIERS, fires, issue_all
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import UnknownNameError
from surefit.problem import Problem
from surefit.runs import CertifySpec, Store, Workspace, environment_facts
from surefit.theory import THEOREMS, Setting, assess, compare, monitors_mentioned
from surefit.training import METHODS, MONITORS, train
from surefit.workflows.listener import Listener
from surefit.workflows.preparation import Bench, prepare_bench
from surefit.workflows.verdict import verdict

__all__ = ["Finished", "certify"]

# How often (in steps) training asks whether a certificate holds.
ASK_EVERY = 1000


@dataclasses.dataclass(frozen=True)
class Finished:
    """What a journey leaves.

    Args:
        record: the run as plain data.
        directory: where it is; for an interrupted run, its workspace.
        reused: whether it was finished before this call.
    """

    record: RunRecord
    directory: Path
    reused: bool


def certify(
    spec: CertifySpec,
    out: Path | str = "runs",
    *,
    listener: Listener | None = None,
    writers: Sequence[Callable[[Path], Any]] = (),
) -> Finished:
    """Train a network on data, check the theory against it, and certify the result.

    The run directory appears in the store `out` whole or not at all. A finished run with an equal
    spec is returned as it is; an interrupted one goes on where it was, with the same result as if
    it had never stopped.

    Args:
        spec: what to do.
        out: the run store.
        listener: hears of progress.
        writers: each is called with the run directory before it is published, for example
            `surefit.report.write_page`.

    Returns:
        The finished (or interrupted) run.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        MemoryLimitError: the run would not fit into memory.
        StorageError: the store cannot be written.
    """
    listener = listener if listener is not None else Listener()
    store = Store(out)
    found = store.find(spec)
    if found is not None:
        return Finished(RunRecord.load(found), found, reused=True)
    _require_names(spec)
    listener.stage(f"Preparing {spec.data} and the network")
    bench = prepare_bench(spec)
    with store.begin(spec) as workspace:
        record = _run(bench, workspace, listener)
        if record.trajectory.status is Status.INTERRUPTED:
            return Finished(record, workspace.path, reused=False)
        record.save(workspace.path)
        for write in writers:
            write(workspace.path)
        return Finished(record, workspace.publish(), reused=False)


def _require_names(spec: CertifySpec) -> None:
    """Every name in the spec is known, found out before any work."""
    chosen = (
        ("theorem", spec.theorems or (), THEOREMS),
        ("monitor", spec.monitors or (), MONITORS),
        ("method", (spec.method,), METHODS),
    )
    for kind, names, catalogue in chosen:
        for name in names:
            if name not in catalogue:
                raise UnknownNameError(kind, name, catalogue)


def _method(spec: CertifySpec) -> Any:
    options: dict[str, Any] = {"step_size": spec.step_size}
    if spec.batch_size is not None:
        options["batch_size"] = spec.batch_size
    if spec.method == "gradient_flow":
        options = {}
    return METHODS[spec.method](**options)
