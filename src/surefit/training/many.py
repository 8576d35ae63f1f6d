"""Many runs of one problem: how far each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.arguments import check_numbers, own_params
from surefit.training.batch import Batch, ManyRuns
from surefit.training.choice import choose_method
from surefit.training.entry import train
from surefit.training.method import Method
from surefit.training.setup import make_schedule

__all__ = ["ManyRuns", "train_many"]

Listener = Callable[[int, int, Mapping[str, float]], Any]


@float64
def train_many(
    problem: Problem,
    params: Sequence[Params],
    method: Method | str | None = None,
    *,
    steps: int = 10_000,
    target_loss: float | None = None,
    seeds: Sequence[int] | None = None,
    together: bool | None = None,
    progress: Listener | None = None,
) -> ManyRuns:
    """Train one network from many starts, for questions about how often it gets how far.

    Nothing but the loss is measured, and the weights are not kept. Every run makes the steps that
    `train` makes from the same start with the same seed, and ends where it ends: exactly, where
    runs are made one after the other. Together, by one compiled program over all of them, sums are
    rounded in another order: losses agree to rounding, which a run beyond the edge of stability
    amplifies like any other change of its last digits.

    Args:
        problem: network, loss and data.
        params: initial parameters, one per run, from `problem.init`.
        method: a method or its name; with a step size of "auto" every run has its own.
        steps: how many steps to make at most.
        target_loss: a run ends at the first step whose loss is at most this (for stochastic
            descent, at the first pause, as in `train`).
        seeds: of everything random in the method, one per run; None: 0, 1, 2, ...
        together: whether all runs move at once; None: on accelerators only. Measured on one core of
            a CPU, a step of 16 runs together took between 0.7 times (8 neurons, 20 samples) and 1.6
            times (32 neurons, 50 samples) as long as 16 steps of single runs.
        progress: called as that of `train`, the values being a loss and the number of runs that
            are not done.

    Returns:
        How far every run got.

    Raises:
        InvalidInputError: an argument does not suit, or there are not as many seeds as starts.
        KeyboardInterrupt: at Ctrl-C; nothing is kept.

    Cost:
        That of one run after the other, and of one compilation; together, the memory of all.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> starts = [problem.init(seed) for seed in range(4)]
        >>> runs = sf.training.train_many(problem, starts, steps=200, target_loss=1e-6)
        >>> [str(status) for status in runs.status]
        ['target_reached', 'target_reached', 'target_reached', 'target_reached']
    """
    seeds = range(len(params)) if seeds is None else seeds
    if len(seeds) != len(params) or not len(params):
        raise InvalidInputError(
            f"`train_many(params=..., seeds=...)` must hold one seed per start, and a start. Got "
            f"{len(params)} starts and {len(seeds)} seeds. Each run has its own. Leave seeds out, "
            "or write as many of them."
        )
    for seed in seeds:
        check_numbers(steps, None, target_loss, seed)
    chosen = choose_method(method)
    if together is None:
        together = jax.default_backend() != "cpu"
    if together:
        starts = [own_params(problem, each) for each in params]
        settled = [chosen.settle(problem, each, steps) for each in starts]
        schedule = make_schedule(problem, starts[0], settled[0], (), None)
        return Batch(problem, starts, settled, seeds, target_loss).run(steps, schedule, progress)
    runs: list[Trajectory] = []
    for start, seed in zip(params, seeds, strict=True):
        left = float(len(params) - len(runs))
        _, run = train(
            problem,
            start,
            chosen,
            steps=steps,
            monitors=[],
            target_loss=target_loss,
            seed=seed,
            progress=None if progress is None else _told(progress, left),
        )
        if run.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        runs.append(run)
    return ManyRuns(
        status=tuple(run.status for run in runs),
        steps=np.array([run["loss"].times[-1] for run in runs]).round().astype(np.int64),
        step_size=np.array([run.step_size for run in runs]),
        losses=tuple(run["loss"] for run in runs),
    )


def _told(progress: Listener, left: float) -> Listener:
    return lambda step, steps, values: progress(
        step, steps, {"loss": values["loss"], "runs left": left}
    )
