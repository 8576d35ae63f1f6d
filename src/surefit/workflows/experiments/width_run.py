"""One width of the experiment: trained, watched, and kept when it is done."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np
from jaxtyping import Float

from surefit import models
from surefit.core.jsonable import as_float, read_json, replace_json
from surefit.core.trajectory import Status, Trajectory
from surefit.implicit import Picard
from surefit.problem import Problem
from surefit.runs.experiments import Gao2022Spec
from surefit.training import GradientDescent, train
from surefit.workflows.experiments.two_classes import TwoClasses
from surefit.workflows.experiments.watching import held_out_error, scaled_norm
from surefit.workflows.listener import Listener

__all__ = ["WidthRun", "run_width"]

# So many points of the curves that are not measured at every epoch.
_POINTS = 100
# Where A is in the parameters of `models.implicit_relu`.
_PLACE = (2, 0, 0, "w")


@dataclasses.dataclass(frozen=True)
class WidthRun:
    r"""What was measured at one width.

    Args:
        width: $m$.
        step_size: $\eta$.
        steps: how many were made.
        smallest: $\lambda_{\min}(H(0))$.
        largest: $\lambda_{\max}(H(0))$.
        seconds: of training.
        complaint: why it ended early; empty if it did not.
        train_error: epochs and mean squared training errors.
        held_out_error: epochs and mean squared errors on the test samples.
        norm: epochs and scaled operator norms.
    """

    width: int
    step_size: float
    steps: float
    smallest: float
    largest: float
    seconds: float
    complaint: str
    train_error: Float[np.ndarray, "2 n"]
    held_out_error: Float[np.ndarray, "2 k"]
    norm: Float[np.ndarray, "2 k"]


def run_width(
    spec: Gao2022Spec, width: int, data: TwoClasses, scratch: Path, listener: Listener
) -> WidthRun | None:
    """Train one width, or go on with it, or read it if it is done; None if interrupted.

    Args:
        spec: what to do.
        width: $m$.
        data: training and test samples.
        scratch: where to keep it.
        listener: hears of progress.
    """
    kept = scratch / f"width-{width}.json"
    if kept.is_file():
        return _read(kept)
    listener.stage(f"Width {width}: Gram matrix at the start")
    network = models.implicit_relu(width, spec.gamma, solver=Picard(tolerance=spec.tolerance))
    problem = Problem(network, data.train.vectors, data.train.y)
    params = problem.init(spec.seed)
    y_test = data.y_test
    if spec.zero_start:
        # Subtracting the initial output is the same as adding it to the targets, and costs nothing.
        problem = Problem(network, problem.x, data.train.y + np.asarray(problem.predict(params)))
        y_test = y_test + np.asarray(problem.predict(params, data.x_test))
    eigenvalues = np.linalg.eigvalsh(np.asarray(problem.gram(params)))
    size = 1.0 / float(eigenvalues[-1]) if spec.step_size == "auto" else spec.step_size
    listener.stage(f"Width {width}: {spec.epochs} epochs of gradient descent, step size {size:.4g}")
    _, trajectory = train(
        problem,
        params,
        GradientDescent(step_size=size),
        steps=spec.epochs,
        monitors=[
            held_out_error(data.x_test, y_test),
            scaled_norm(_PLACE, spec.gamma / math.sqrt(width)),
        ],
        every=max(1, spec.epochs // _POINTS),
        seed=spec.seed,
        checkpoint=scratch / f"width-{width}",
        progress=listener.training,
    )
    if trajectory.status is Status.INTERRUPTED:
        return None
    done = _measured(width, problem.samples, trajectory, eigenvalues)
    replace_json(kept, dataclasses.asdict(done))
    shutil.rmtree(scratch / f"width-{width}", ignore_errors=True)
    return done


def _measured(
    width: int, samples: int, trajectory: Trajectory, eigenvalues: Float[np.ndarray, " n"]
) -> WidthRun:
    def series(name: str, scale: float = 1.0) -> Float[np.ndarray, "2 n"]:
        found = trajectory[name]
        return np.stack([np.asarray(found.times, float), scale * np.asarray(found.values)])

    return WidthRun(
        width=width,
        step_size=trajectory.step_size,
        steps=trajectory.steps,
        smallest=float(eigenvalues[0]),
        largest=float(eigenvalues[-1]),
        seconds=trajectory.seconds,
        complaint=trajectory.message if trajectory.status is Status.DIVERGED else "",
        train_error=series("squared_residual", 1.0 / samples),
        held_out_error=series("held_out_error"),
        norm=series("scaled_norm"),
    )


def _read(path: Path) -> WidthRun:
    data = read_json(path)
    for name in ("train_error", "held_out_error", "norm"):
        data[name] = np.asarray([[as_float(x) for x in row] for row in data[name]])
    return WidthRun(**data)
