"""Many runs of one problem at once: how far each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.arguments import check_numbers, own_params
from surefit.training.batch import Batch, ManyRuns
from surefit.training.choice import choose_method
from surefit.training.method import Method
from surefit.training.setup import make_schedule

__all__ = ["ManyRuns", "train_many"]


@float64
def train_many(
    problem: Problem,
    params: Sequence[Params],
    method: Method | str | None = None,
    *,
    steps: int = 10_000,
    target_loss: float | None = None,
    seeds: Sequence[int] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> ManyRuns:
    """Train one network from many starts at once, by one compiled program.

    Every run makes the steps that `train` makes from the same start with the same seed, and ends
    where it ends; sums are rounded in another order, so that losses agree to rounding. Nothing but
    the loss is measured, and the weights are not kept: this answers how often, not how.

    Args:
        problem: network, loss and data.
        params: initial parameters, one per run, from `problem.init`.
        method: a method or its name; with a step size of "auto" every run has its own.
        steps: how many steps to make at most.
        target_loss: a run ends at the first step whose loss is at most this (for stochastic
            descent, at the first pause, as in `train`).
        seeds: of everything random in the method, one per run; None: 0, 1, 2, ...
        progress: called with the number of steps and the number of runs that go on.

    Returns:
        How far every run got. A loss that is not finite at the start counts as diverged.

    Raises:
        InvalidInputError: an argument does not suit, or there are not as many seeds as starts.

    Cost:
        On a CPU about that of one run after the other; on an accelerator far less for networks too
        small to fill it. The memory of all runs together.

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
    starts = [own_params(problem, each) for each in params]
    settled = [chosen.settle(problem, each, steps) for each in starts]
    schedule = make_schedule(problem, starts[0], settled[0], (), None)
    return Batch(problem, starts, settled, seeds, target_loss).run(steps, schedule, progress)
