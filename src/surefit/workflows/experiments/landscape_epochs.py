"""The iterates of the landscape experiment: trained to an epoch, drawn, and kept when done."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check
from surefit.core.jsonable import as_float, read_json, replace_json
from surefit.core.layer import Params
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import NumericalError
from surefit.landscapes import Landscape, landscape
from surefit.problem import Problem
from surefit.runs.experiments import AllenZhu2019LandscapeSpec
from surefit.training import StochasticGradientDescent, train
from surefit.workflows.listener import Listener

__all__ = ["Iterate", "draw_epoch"]


@dataclasses.dataclass(frozen=True)
class Iterate:
    r"""One iterate and the objective around it.

    Args:
        epoch: after how many passes over the samples.
        complaint: why nothing is drawn, as training diverged, say; else empty.
        step_size: $\eta$; 0 at the start, where none is known.
        curve: epochs and losses up to here.
        numbers: fields of the `Landscape` that are numbers, by name; its eigenvalue as
            `eigenvalue`, `eigenvalue_lower` and `eigenvalue_upper`.
        x: positions along the gradient.
        y: positions along the second axis.
        z: the objective.
        checks: those of the landscape.
    """

    epoch: int
    complaint: str
    step_size: float
    curve: Float[np.ndarray, "2 k"]
    numbers: dict[str, float]
    x: Float[np.ndarray, " a"]
    y: Float[np.ndarray, " b"]
    z: Float[np.ndarray, "b a"]
    checks: tuple[Check, ...]


def draw_epoch(
    spec: AllenZhu2019LandscapeSpec,
    problem: Problem,
    epoch: int,
    scratch: Path,
    listener: Listener,
) -> Iterate | None:
    """Train to this epoch and draw, or go on with it, or read it if it is done; None: interrupted.

    Args:
        spec: what to do.
        problem: network, loss and data.
        epoch: after how many passes over the samples.
        scratch: where to keep it; earlier epochs have left the state of training there.
        listener: hears of progress.
    """
    kept = scratch / f"epoch-{epoch}.json"
    if kept.is_file():
        return _read(kept)
    params, trajectory = problem.init(spec.seed), None
    if epoch > 0:
        listener.stage(f"Training to epoch {epoch}")
        params, trajectory = _trained(spec, problem, params, epoch, scratch, listener)
        if trajectory.status is Status.INTERRUPTED:
            return None
    if trajectory is not None and trajectory.status is Status.DIVERGED:
        return _iterate(spec, problem, epoch, trajectory, None, trajectory.message)
    listener.stage(f"Epoch {epoch}: most negative curvature, and the objective over the plane")
    try:
        drawn = landscape(
            problem,
            params,
            smoothing=spec.smoothing,
            points=spec.points,
            products=spec.products,
            seed=spec.seed,
            progress=lambda done, total: listener.training(done, total, {}),
        )
    except NumericalError as failure:  # no gradient where all units are dead, say
        return _iterate(spec, problem, epoch, trajectory, None, str(failure))
    done = _iterate(spec, problem, epoch, trajectory, drawn)
    _write(kept, done)
    return done


def _per_epoch(spec: AllenZhu2019LandscapeSpec, problem: Problem) -> int:
    return math.ceil(problem.samples / min(spec.batch_size, problem.samples))


def _trained(
    spec: AllenZhu2019LandscapeSpec,
    problem: Problem,
    params: Params,
    epoch: int,
    scratch: Path,
    listener: Listener,
) -> tuple[Params, Trajectory]:
    per_epoch = _per_epoch(spec, problem)
    method = StochasticGradientDescent(
        step_size=spec.step_size, batch_size=min(spec.batch_size, problem.samples)
    )
    # With the checkpoint of the epochs before, this prolongs their run.
    return train(
        problem,
        params,
        method,
        steps=epoch * per_epoch,
        monitors=["loss"],
        every=per_epoch,
        seed=spec.seed,
        checkpoint=scratch / "training",
        progress=listener.training,
    )


def _iterate(
    spec: AllenZhu2019LandscapeSpec,
    problem: Problem,
    epoch: int,
    trajectory: Trajectory | None,
    drawn: Landscape | None,
    complaint: str = "",
) -> Iterate:
    curve = np.zeros((2, 0))
    if trajectory is not None:
        losses = trajectory["loss"]
        times = np.asarray(losses.times, float) / _per_epoch(spec, problem)
        curve = np.stack([times, np.asarray(losses.values, float)])
    return Iterate(
        epoch=epoch,
        complaint=complaint,
        step_size=0.0 if trajectory is None else float(trajectory.step_size),
        curve=curve,
        numbers={} if drawn is None else _numbers(drawn),
        x=np.zeros(0) if drawn is None else drawn.x,
        y=np.zeros(0) if drawn is None else drawn.y,
        z=np.zeros((0, 0)) if drawn is None else drawn.values,
        checks=() if drawn is None else drawn.checks(f"epoch {epoch}: "),
    )


def _numbers(drawn: Landscape) -> dict[str, float]:
    names = (
        "objective",
        "gradient_norm",
        "residual",
        "products",
        "overlap",
        "pointwise_curvature",
        "decrease_gradient",
        "decrease_curvature",
        "decrease_plane",
        "share",
    )
    found = drawn.eigenvalue
    return {
        **{name: float(getattr(drawn, name)) for name in names},
        "eigenvalue": found.value,
        "eigenvalue_lower": found.lower,
        "eigenvalue_upper": found.upper,
        "converged": float(drawn.converged),
    }


def _write(path: Path, iterate: Iterate) -> None:
    fields = {field.name: getattr(iterate, field.name) for field in dataclasses.fields(iterate)}
    replace_json(path, {**fields, "checks": [check.to_dict() for check in iterate.checks]})


def _read(path: Path) -> Iterate:
    data: dict[str, Any] = read_json(path)
    arrays = {name: _array(data[name]) for name in ("curve", "x", "y", "z")}
    arrays["curve"] = arrays["curve"].reshape(2, -1)
    numbers = {name: as_float(value) for name, value in data["numbers"].items()}
    checks = tuple(map(Check.from_dict, data["checks"]))
    return Iterate(**{**data, **arrays, "numbers": numbers, "checks": checks})


def _array(values: list) -> Float[np.ndarray, "..."]:
    nested = values and isinstance(values[0], list)
    rows = [[as_float(x) for x in row] for row in values] if nested else map(as_float, values)
    return np.asarray(list(rows), float)
