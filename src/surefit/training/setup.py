"""Everything that a run is given, checked and completed."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

from jaxtyping import PRNGKeyArray

from surefit.core.layer import Params
from surefit.core.precision import cast_floats
from surefit.core.tree import count
from surefit.problem import Problem
from surefit.training.costs import TOUCH, gradient_flops
from surefit.training.method import Method
from surefit.training.monitor import Monitor
from surefit.training.schedule import Schedule

__all__ = ["Setup", "chunk_length", "make_schedule"]

# About a second on two cores: an interruption waits for the end of a chunk.
_CHUNK_FLOPS = 2e10
# Divisors of 1000, so that pauses fall on round numbers.
_CHUNKS = (1000, 500, 250, 125, 100, 50, 25, 10, 5, 2, 1)
_SHARE = 0.1  # of the training time for expensive monitors
# For cheap ones; what accumulates at every step comes to it, for a tenth in all.
_CHEAP_SHARE = 0.06
# Below so many operations of a step the calls around it take longer than any cheap monitor.
_LONG_STEP = 1e8

StopCondition = Callable[[Problem, Params, int], bool]


@dataclasses.dataclass(frozen=True)
class Setup:
    """Everything that a run is given.

    Args:
        problem: network, loss and data.
        initial: the trained parameters at the start.
        fixed: the others.
        method: settled.
        monitors: all but loss and squared residual.
        schedule: when to pause and measure.
        steps: how many steps to make at most.
        target: the loss at which to stop; minus infinity for none.
        stop: the caller's condition.
        key: the randomness of the run.
        precision: in which steps are made; measurements are made in float64 in any case.
    """

    problem: Problem
    initial: Params
    fixed: Params
    method: Method
    monitors: tuple[Monitor, ...]
    schedule: Schedule
    steps: int
    target: float
    stop: StopCondition | None
    key: PRNGKeyArray
    precision: str = "float64"

    @functools.cached_property
    def stepping(self) -> Problem:
        """The problem in the precision of the steps."""
        return cast_floats(self.problem, self.precision)


def chunk_length(flops: float) -> int:
    """How many steps of so many operations are made without a pause."""
    return next((length for length in _CHUNKS if length * flops <= _CHUNK_FLOPS), 1)


def make_schedule(
    problem: Problem,
    params: Params,
    method: Method,
    monitors: tuple[Monitor, ...],
    every: int | None,
    precision: str = "float64",
) -> Schedule:
    """When to pause and measure, from the operation counts of a step and of the monitors."""
    # Measurements are made in float64, at half the speed.
    slower = 2.0 if precision == "float32" else 1.0
    step = max(method.flops(problem, params), 1.0)
    chunk = chunk_length(step)
    # Monitors that are measured together share the Gram matrix: the costliest one counts.
    costs = [m.flops(problem, params) for m in monitors if m.expensive]
    # Outputs and gradient are computed for the first time where the method does not know them.
    costs = [cost + gradient_flops(params, problem.samples) for cost in costs]
    period = max(1, math.ceil(slower * max(costs, default=0.0) / (_SHARE * step)))
    cheap = [m.flops(problem, params) for m in monitors if not m.expensive]
    # Norms and differences of the parameters; a step goes through them as well.
    numbers = TOUCH * count(params)
    spacing = 1
    if cheap and step + numbers > _LONG_STEP:
        # Those that share a pass through the network state the same number.
        cost = slower * (sum(set(cheap)) + numbers)
        if type(method).evaluation is Method.evaluation:
            cost += slower * gradient_flops(params, problem.samples)
        spacing = math.ceil(cost / (_CHEAP_SHARE * (step + numbers)))
    return Schedule(chunk=chunk, every=every, period=period, spacing=spacing)
