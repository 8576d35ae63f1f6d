"""The public face of training."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import jax

from surefit.core.layer import Params
from surefit.core.precision import cast_floats, float64
from surefit.core.trajectory import Trajectory
from surefit.problem import Problem, require_problem
from surefit.training.arguments import (
    check_functions,
    check_numbers,
    check_precision,
    check_reached,
    own_params,
)
from surefit.training.checkpoint import Checkpoint, Saved
from surefit.training.choice import choose_method, choose_monitors
from surefit.training.engine import Ending, Engine
from surefit.training.fingerprint import fingerprint
from surefit.training.lost_equilibrium import require_equilibria
from surefit.training.method import Method
from surefit.training.monitor import Monitor
from surefit.training.progress import Listener, listening
from surefit.training.setup import Setup, StopCondition, make_schedule

__all__ = ["train"]


@float64
def train(
    problem: Problem,
    params: Params,
    method: Method | str | None = None,
    *,
    steps: int = 10_000,
    monitors: Sequence[Monitor | str] | None = None,
    every: int | None = None,
    target_loss: float | None = None,
    stop: StopCondition | None = None,
    seed: int = 0,
    precision: str = "float64",
    checkpoint: Path | str | None = None,
    progress: Listener | bool | None = None,
) -> tuple[Params, Trajectory]:
    r"""Train the network, with the quantities of the theory measured along the way.

    Everything is computed in float64, unless `precision` says otherwise for the steps. Loss and
    squared residual are recorded at every step (for SGD, of which they are no by-product, wherever
    the run pauses), the other quantities at step 0, at the last step, and in between as
    `surefit.training.schedule` says.

    Args:
        problem: network, loss and data.
        params: initial parameters, from `problem.init`; they are not changed.
        method: a method or its name in `METHODS`; None: `GradientDescent(step_size="auto")`.
        steps: how many steps to make at most; for gradient flow, how many records.
        monitors: what to measure, by instance or by name in `MONITORS`. The name "standard"
            stands for everything that can be measured on this problem at a reasonable price;
            None is the same as ["standard"].
        every: measure every so many steps; None: densely at first, then ever more rarely, and
            where steps are long so that cheap quantities take less than a tenth of the training
            time. Quantities that are expensive are measured less often in any case, so that they
            take about another tenth.
        target_loss: stop at the first step whose loss is at most this.
        stop: a function of problem, parameters and number of steps that is asked after 0, 1, 2, 4,
            8, ... steps and then after every chunk of compiled steps, a divisor of 1000 that
            depends on the size of the problem; True ends the run with the status
            `target_reached`.
        seed: of everything random in the method.
        precision: `float32` makes the steps in single precision, about twice as fast, for
            exploration: losses far below the square of its rounding are out of reach. Measurements
            are made in float64 at the parameters of the run.
        checkpoint: a directory in which the run is kept every few seconds. After a crash or a
            `kill -9` at any time, the same call goes on from there, and its result equals that of
            a run that never stopped, bit for bit on the same machine and software. With more
            steps, the same call prolongs a finished run.
        progress: True shows a progress bar; a function is called with the step, the number of
            steps and the newest losses at every pause.

    Returns:
        The parameters at the end and what was measured. `Trajectory.status` and
        `Trajectory.message` say why the run ended: a divergence is a result, with the last finite
        parameters, and so is an interruption by Ctrl-C.

    Raises:
        InvalidInputError: an argument does not suit; an equilibrium does not exist at the start; a
            monitor that was asked for cannot measure this problem; the checkpoint belongs to
            another run.
        UnknownNameError: no method or monitor has that name.
        StorageError: the checkpoint cannot be written, or is damaged.

    Cost:
        A step of gradient descent: one forward and one backward pass. Twice the memory of the
        parameters and their gradient.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> params, trajectory = sf.train(problem, problem.init(0), steps=100)
        >>> bool(trajectory["squared_residual"].last < 1e-3)
        True
    """
    require_problem("train", problem)
    check_numbers(steps, every, target_loss, seed)
    check_functions(stop, progress)
    params = own_params(problem, params)
    require_equilibria(problem, params)
    method, watched = choose_method(method), choose_monitors(problem, params, monitors)
    check_precision(precision, method)
    schedule = make_schedule(problem, params, method, watched, every, precision)
    store = saved = None
    if checkpoint is not None:
        identity = fingerprint(
            problem, params, method, watched, schedule, steps=steps, seed=seed, precision=precision
        )
        store = Checkpoint(checkpoint, identity)
        saved = store.load()
    if saved is not None:
        check_reached(steps, saved.step, checkpoint)
    moving, fixed = cast_floats(problem.split(params), precision)
    setup = Setup(
        problem=problem,
        initial=moving,
        fixed=fixed,
        method=_settled(method, saved, problem, params, steps),
        monitors=watched,
        schedule=schedule,
        steps=steps,
        target=-math.inf if target_loss is None else float(target_loss),
        stop=stop,
        key=jax.random.key(seed),
        precision=precision,
    )
    with listening(progress) as listener:
        engine = Engine(setup, listener, store, saved)
        ending = engine.run()
    labels = {monitor.name: monitor.labels(problem, params) for monitor in watched}
    return engine.params, _trajectory(setup, engine, ending, labels)


def _settled(
    method: Method, saved: Saved | None, problem: Problem, params: Params, steps: int
) -> Method:
    if saved is None:
        return method.settle(problem, params, steps)
    # The stored numbers and not numbers computed again: an eigenvalue may differ in its last bit.
    return dataclasses.replace(method, **saved.numbers)


def _trajectory(
    setup: Setup, engine: Engine, ending: Ending, labels: dict[str, tuple[str, ...]]
) -> Trajectory:
    clock = setup.method.clock
    return Trajectory(
        method=setup.method.name,
        step_size=setup.method.spacing,
        steps=float(engine.position.step * clock),
        series=engine.ledger.series(clock, labels),
        status=ending.status,
        message=ending.message,
        seconds=engine.seconds,
    )
