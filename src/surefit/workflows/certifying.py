"""The main journey: data, kernel, theorems, training, comparison, certificate, run directory."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from surefit.core.certificate import Certificate
from surefit.core.demands import Demands
from surefit.core.layer import Params
from surefit.core.proof import Proof
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import UnknownNameError
from surefit.problem import Problem
from surefit.runs import CertifySpec, Store, Workspace, environment_facts
from surefit.runs.own_fields import own_defaults
from surefit.theory import THEOREMS, compare
from surefit.theory.explicit_forms import explicit_forms
from surefit.theory.fitted import fitted_constants
from surefit.training import METHODS, MONITORS, GradientFlow, Method, train
from surefit.training.classes import classes_obstacle
from surefit.workflows.appraisal import Appraisal, appraise, forecast, spectra
from surefit.workflows.beside import prove_beside
from surefit.workflows.condition_history import ConditionWatch
from surefit.workflows.deep_demands import deep_demands
from surefit.workflows.deep_networks import DEEP
from surefit.workflows.ending import DEEP_LOSS, Goal, accuracy, goal
from surefit.workflows.from_start import prove_from_start
from surefit.workflows.issuing import issue_certificates
from surefit.workflows.large import WholeSpectrumError
from surefit.workflows.listener import Listener
from surefit.workflows.network_checks import network_checks
from surefit.workflows.polished import Polished, polish_weights
from surefit.workflows.preparation import Bench, prepare_bench
from surefit.workflows.proving import answers
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


def _method(bench: Bench) -> Method:
    spec = bench.spec
    options: dict[str, Any] = {"step_size": spec.step_size}
    if spec.batch_size is not None:
        options["batch_size"] = spec.batch_size
    elif bench.method == "sgd":  # its own choice, as far as there are samples
        options["batch_size"] = min(METHODS["sgd"]().batch_size, bench.problem.samples)
    if bench.method == "gradient_flow":
        options = {}
    return METHODS[bench.method](**options)


def _step_of_descent(method: Method) -> float | None:
    """The step that certificates speak of; after gradient flow each theorem chooses its own."""
    return None if isinstance(method, GradientFlow) else method.spacing


def _run(bench: Bench, workspace: Workspace, listener: Listener) -> RunRecord:
    begun = time.monotonic()
    spec, problem, params = bench.spec, bench.problem, bench.params
    listener.stage(
        f"Tangent kernel of {problem.parameters(params)} parameters on {problem.samples} samples"
    )
    method = _method(bench).settle(problem, params, spec.steps)
    appraisal = appraise(bench, method)
    setting, predictions = appraisal.setting, appraisal.predictions
    if appraisal.left_out:
        listener.stage(appraisal.left_out)
    end = goal(
        problem,
        params,
        spec.target_loss,
        _step_of_descent(method),
        deep=spec.network in DEEP,
        large=bench.large,
        polished=spec.polish,
    )
    listener.stage(_announcement(bench, appraisal, method, end))
    watch = ConditionWatch(problem, params, end.stop, workspace.scratch, method.clock)
    end = dataclasses.replace(end, stop=watch)
    trained, trajectory = _train(bench, method, end, appraisal.monitors, workspace, listener)
    certificates: tuple[Certificate, ...] = ()
    proofs: tuple[Proof, ...] = ()
    polished = Polished(trained)
    batch = getattr(method, "batch_size", None)
    if trajectory.status not in (Status.DIVERGED, Status.INTERRUPTED) and not bench.large:
        if spec.polish:
            polished = polish_weights(
                problem, trained, spec.seed, listener, stochastic=batch is not None
            )
        listener.stage(f"Certificates after {trajectory.steps:g} steps")
        step = _step_of_descent(method)
        certificates = polished.noted(issue_certificates(problem, polished.params, step, batch))
        listener.stage("The stand-alone checker looks at the certificate")
        proofs = answers(certificates, workspace.path / "certificate")
        more, said = prove_beside(
            problem, polished.params, step, workspace.path, listener, floor=spec.floor
        )
        certificates, proofs = (*certificates, *polished.noted(more)), (*proofs, *said)
        if spec.from_start:
            more, said = prove_from_start(problem, params, step, workspace.path, listener)
            certificates, proofs = (*certificates, *more), (*proofs, *said)
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
        certificates,
        theorems,
        proofs=proofs,
        reached=_reached(problem, trained, end) if reached else "",
        without=appraisal.left_out,
    )
    return RunRecord(
        run_id=workspace.run_id,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=polished.told(sentence),
        holds=holds,
        problem=_facts(bench, method, appraisal.left_out) | polished.facts(),
        data_checks=bench.prepared.checks,
        spectra=spectra(appraisal, problem, trained),
        theorems=theorems,
        trajectory=trajectory,
        certificates=certificates,
        proofs=proofs,
        conditions=watch.history(problem, trained, trajectory.steps, polished.done),
        command=_command(spec),
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


def _announcement(bench: Bench, appraisal: Appraisal, method: Method, end: Goal) -> str:
    """What training does, until when, and how long that will take."""
    text = f"Training by {bench.method}, step size {method.spacing:.4g}"
    if bench.spec.network not in DEEP:
        return text
    loss = DEEP_LOSS if end.target_loss is None else end.target_loss
    coming = forecast(bench, appraisal, method, loss)
    told = "" if coming is None else coming.describe(bench.spec.steps)
    if not end.words:
        return f"{text}, until the loss is {loss:.3g}" + (f": {told}" if told else "")
    text += f", until {end.words}"
    return f"{text}. The loss {loss:g} would take {told}: --target-loss {loss:g}" if told else text


def _reached(problem: Problem, trained: Params, end: Goal) -> str:
    """What training was to reach and did."""
    if end.words:
        return end.words
    if classes_obstacle(problem) is not None:
        return "the loss that was the goal"
    share = accuracy(problem, trained)
    return f"the loss that was the goal, {100.0 * share:.4g} % of the samples classified correctly"


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


def _facts(bench: Bench, method: Method, left_out: str) -> dict[str, Any]:
    problem, prepared = bench.problem, bench.prepared
    scale = problem.loss.residual_scale(problem.samples)
    return {
        "samples": problem.samples,
        "outputs": problem.outputs,
        "width": bench.spec.width,
        "parameters": problem.parameters(bench.params),
        "residuals": problem.residuals,
        "step_size": method.spacing,
        **({} if bench.spec.method != "auto" else {"method": bench.method}),
        **({} if scale is None else {"loss_smoothness": 2.0 * scale}),
        **({} if bench.spec.gamma is None else {"gamma": bench.spec.gamma}),
        "preparation": prepared.description,
        "label_coding": prepared.code.describe(),
        **prepared.facts,
        **({"left_out": left_out} if left_out else {}),
    }


def _command(spec: CertifySpec) -> str:
    """The shell command that makes this run."""
    words = ["surefit certify"]
    own = own_defaults(spec.network, spec.init)
    for name, field in type(spec).model_fields.items():
        value = getattr(spec, name)
        if value == own.get(name, field.default):
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
        else:
            values = value if isinstance(value, tuple) else (value,)
            words.append(" ".join([flag, *(shlex.quote(str(item)) for item in values)]))
    return " ".join(words)
