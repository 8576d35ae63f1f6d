r"""The students of Song et al. (2021): one start each, trained on what the teacher says."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float, read_json, replace_json
from surefit.core.layer import Params
from surefit.core.trajectory import Status, Trajectory
from surefit.losses import MeanCrossEntropy, MeanSquared
from surefit.problem import Problem
from surefit.runs.experiments import Song2021Spec
from surefit.training import GradientDescent, Monitor
from surefit.workflows.experiments.song_2021_network import at_ratio, descend, steps_per_epoch
from surefit.workflows.listener import Listener

__all__ = ["LOSSES", "StudentRun", "run_student", "stable_step"]

LOSSES = {"cross_entropy": MeanCrossEntropy, "mean_squared": MeanSquared}
"""Losses by the names of the spec."""

# The largest curvature is taken from so many training samples: it changes little with more.
_CURVATURE_SAMPLES = 1000


@dataclasses.dataclass(frozen=True)
class StudentRun:
    r"""One student.

    Args:
        loss: `cross_entropy` or `mean_squared`.
        ratio: $\omega_2$ over that of He's start.
        repeat: which one.
        step_size: $\eta$.
        agreement: share of the test samples classified like the teacher, at the end.
        fitted: the same of the training samples.
        first_loss: at the start.
        last_loss: at the end.
        movement: $\|W - W_0\|_F/\|W_0\|_F$ and $\|V - V_0\|_F/\|V_0\|_F$ at the end.
        seconds: of training.
        complaint: why it ended early; empty if it did not.
        curve: epochs and agreement.
    """

    loss: str
    ratio: float
    repeat: int
    step_size: float
    agreement: float
    fitted: float
    first_loss: float
    last_loss: float
    movement: tuple[float, float]
    seconds: float
    complaint: str
    curve: Float[np.ndarray, "2 k"]


def run_student(
    spec: Song2021Spec,
    problem: Problem,
    ratio: float,
    repeat: int,
    monitor: Monitor,
    scratch: Path,
    listener: Listener,
) -> StudentRun | None:
    """Train one student, or go on with it, or read it if it is done; None if interrupted.

    Args:
        spec: what to do.
        problem: network, the teacher's labels and the loss.
        ratio: of its start.
        repeat: which one.
        monitor: `agreement` on the test samples.
        scratch: where to keep it.
        listener: hears of progress.
    """
    loss = next(name for name, kind in LOSSES.items() if isinstance(problem.loss, kind))
    name = f"{loss}-{ratio!r}-{repeat}"
    kept = scratch / f"{name}.json"
    if kept.is_file():
        return _read(kept)
    listener.stage(f"Student {repeat + 1} of {spec.repeats}, {loss}, omega_2 = {ratio:g} of He's")
    seed = spec.seed + 1 + repeat
    start = at_ratio(problem.init(seed), ratio)
    step = spec.step_size if loss == "cross_entropy" else stable_step(problem, start)
    found = descend(
        spec, problem, start, step, seed, ["accuracy", monitor], scratch / name, listener
    )
    if found is None:
        return None
    params, trajectory = found
    done = _measured(loss, ratio, repeat, start, params, trajectory, steps_per_epoch(spec))
    replace_json(kept, dataclasses.asdict(done))
    shutil.rmtree(scratch / name, ignore_errors=True)
    return done


def stable_step(problem: Problem, params: Params) -> float:
    r"""$1/(\beta\lambda_{\max}(K))$ at the start, from the first thousand samples."""
    few = slice(0, _CURVATURE_SAMPLES)
    part = Problem(problem.network, problem.x[few], problem.y[few], problem.loss)
    return float(GradientDescent().settle(part, params, 0).step_size)


def _measured(
    loss: str,
    ratio: float,
    repeat: int,
    start: Params,
    end: Params,
    trajectory: Trajectory,
    per_epoch: int,
) -> StudentRun:
    def moved(place: int) -> float:
        before, after = (np.asarray(params[place]["w"], np.float64) for params in (start, end))
        return float(np.linalg.norm(after - before) / np.linalg.norm(before))

    series = trajectory["agreement"]
    losses = np.asarray(trajectory["loss"].values)
    diverged = trajectory.status is Status.DIVERGED
    return StudentRun(
        loss=loss,
        ratio=ratio,
        repeat=repeat,
        step_size=trajectory.step_size,
        agreement=float(series.last),
        fitted=float(trajectory["accuracy"].last),
        first_loss=float(losses[0]),
        last_loss=float(losses[-1]),
        movement=(moved(0), moved(2)),
        seconds=trajectory.seconds,
        complaint=trajectory.message if diverged else "",
        curve=np.stack([np.asarray(series.times, float) / per_epoch, np.asarray(series.values)]),
    )


def _read(path: Path) -> StudentRun:
    data = read_json(path)
    data["curve"] = np.asarray([[as_float(x) for x in row] for row in data["curve"]])
    data["movement"] = tuple(map(as_float, data["movement"]))
    return StudentRun(**data)
