"""The main journey: data, kernel, theorems, training, comparison, certificate, run directory."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from surefit.core.demands import Demands
from surefit.core.layer import Params
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.runs import CertifySpec, Store, Workspace, environment_facts
from surefit.theory import THEOREMS, compare
from surefit.theory.explicit_forms import explicit_forms
from surefit.theory.fitted import fitted_constants
from surefit.training import METHODS, MONITORS, Method, train
from surefit.training.lost_equilibrium import require_equilibria
from surefit.workflows.after_training import Proved, prove_run
from surefit.workflows.aims import announcement, what_was_reached
from surefit.workflows.appraisal import Appraisal, appraise, spectra
from surefit.workflows.condition_history import ConditionWatch
from surefit.workflows.deep_demands import deep_demands
from surefit.workflows.deep_networks import DEEP
from surefit.workflows.descent import chosen_method, step_of_descent
from surefit.workflows.ending import Goal, goal
from surefit.workflows.facts import problem_facts
from surefit.workflows.from_start import require_provable
from surefit.workflows.large import WholeSpectrumError
from surefit.workflows.listener import Listener
from surefit.workflows.network_checks import network_checks
from surefit.workflows.polished import Polished
from surefit.workflows.preparation import Bench, prepare_bench
from surefit.workflows.verdict import verdict
from surefit.workflows.width_demands import width_demands

__all__ = ["Finished", "certify", "require_names"]


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
    require_names(spec)
    listener.stage(f"Preparing {spec.data} and the network")
    bench = prepare_bench(spec)
    _tell_contradictions(bench, listener)
    _require_proofs(bench)
    require_equilibria(bench.problem, bench.params)
    with store.begin(spec) as workspace:
        record = _run(bench, workspace, listener)
        if record.trajectory.status is Status.INTERRUPTED:
            return Finished(record, workspace.path, reused=False)
        record.save(workspace.path)
        for write in writers:
            write(workspace.path)
        return Finished(record, workspace.publish(), reused=False)


def require_names(spec: CertifySpec) -> None:
    """Every name in the spec is known, found out before any work."""
    chosen = (
        ("theorem", spec.theorems or (), THEOREMS),
        ("monitor", spec.monitors or (), MONITORS),
        ("method", () if spec.method == "auto" else (spec.method,), METHODS),
    )
    for kind, names, catalogue in chosen:
        for name in names:
            if name not in catalogue:
                raise UnknownNameError(kind, name, catalogue)


def _require_proofs(bench: Bench) -> None:
    """What is to be proved of the run is known for such runs, found out before training."""
    spec, problem = bench.spec, bench.problem
    if spec.from_start:
        require_provable(problem, bench.params)
    if spec.floor and problem.loss.residual_scale(problem.samples) is None:
        raise InvalidInputError(
            f"`CertifySpec(floor=...)` must go with a squared loss. Got {spec.loss!r}. The floor "
            "is that of the residual, which other losses do not bring to zero. Leave floor out, "
            'or write `loss = "half_squared"`.'
        )


def _tell_contradictions(bench: Bench, listener: Listener) -> None:
    """What no network can fit is said before training, which would go on to its last step."""
    for check in bench.prepared.checks:
        if check.name == "contradicting_labels" and not check.holds:
            after = f"After `{' '.join(bench.spec.preprocess)}`: " if bench.spec.preprocess else ""
            listener.stage(f"{after}{check.note}")


def _run(bench: Bench, workspace: Workspace, listener: Listener) -> RunRecord:
    begun = time.monotonic()
    spec, problem, params = bench.spec, bench.problem, bench.params
    listener.stage(
        f"Tangent kernel of {problem.parameters(params)} parameters on {problem.samples} samples"
    )
    method = chosen_method(bench).settle(problem, params, spec.steps)
    appraisal = appraise(bench, method)
    setting, predictions = appraisal.setting, appraisal.predictions
    if appraisal.left_out:
        listener.stage(appraisal.left_out)
    end = goal(
        problem,
        params,
        spec.target_loss,
        step_of_descent(method),
        deep=spec.network in DEEP,
        large=bench.large,
        polished=spec.polish,
    )
    listener.stage(announcement(bench, appraisal, method, end))
    watch = ConditionWatch(problem, params, end.stop, workspace.scratch, method.clock)
    end = dataclasses.replace(end, stop=watch)
    trained, trajectory = _train(bench, method, end, appraisal.monitors, workspace, listener)
    proved = Proved(Polished(trained))
    if trajectory.status not in (Status.DIVERGED, Status.INTERRUPTED) and not bench.large:
        proved = prove_run(
            bench,
            trained,
            step_of_descent(method),
            getattr(method, "batch_size", None),
            workspace.path,
            listener,
            f"{trajectory.steps:g} steps",
        )
    polished = proved.polished
    theorems = tuple(
        TheoremRecord(
            name=name,
            title=THEOREMS[name].title,
            citation=THEOREMS[name].citation,
            setting=THEOREMS[name].setting,
            url=THEOREMS[name].url,
            prediction=prediction,
            outcome=compare(prediction, trajectory),
            fitted=fitted_constants(prediction, trajectory),
        )
        for name, prediction in predictions.items()
    )
    reached = trajectory.status is Status.TARGET_REACHED and spec.network in DEEP
    sentence, holds = verdict(
        trajectory,
        proved.certificates,
        theorems,
        proofs=proved.proofs,
        reached=what_was_reached(problem, trained, end) if reached else "",
        without=appraisal.left_out,
    )
    return RunRecord(
        run_id=workspace.run_id,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=polished.told(sentence),
        holds=holds,
        problem=problem_facts(bench, method, appraisal.left_out) | polished.facts(),
        data_checks=bench.prepared.checks,
        spectra=spectra(appraisal, problem, trained),
        theorems=theorems,
        trajectory=trajectory,
        certificates=proved.certificates,
        proofs=proved.proofs,
        conditions=watch.history(problem, trained, trajectory.steps, polished.done),
        command=spec.command(),
        forms=explicit_forms(setting) if spec.theorems != () else (),
        widths=width_demands(setting) if spec.theorems != () else (),
        demands=_demands(bench, appraisal, trajectory),
        network_checks=network_checks(problem, params, trained),
        seconds=time.monotonic() - begun,
    )


def _demands(bench: Bench, appraisal: Appraisal, trajectory: Trajectory) -> Demands | None:
    """What results on deep networks ask of width, step and iterations."""
    if bench.spec.theorems == ():
        return None
    try:
        return deep_demands(appraisal.setting, trajectory)
    except WholeSpectrumError:  # a flow has no steps to count, and the kernel is too large to ask
        return None


def _train(
    bench: Bench,
    method: Method,
    end: Goal,
    mentioned: Sequence[str],
    workspace: Workspace,
    listener: Listener,
) -> tuple[Params, Trajectory]:
    spec = bench.spec
    return train(
        bench.problem,
        bench.params,
        method,
        steps=spec.steps,
        monitors=spec.monitors if spec.monitors is not None else ("standard", *mentioned),
        every=spec.every,
        target_loss=end.target_loss,
        stop=end.stop,
        seed=spec.seed,
        checkpoint=workspace.scratch,
        progress=listener.training,
    )
