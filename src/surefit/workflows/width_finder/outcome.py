"""How a run of descent ended, and why where it did not succeed."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from surefit.core.layer import Params
from surefit.core.trajectory import Series, Status
from surefit.problem import Problem

__all__ = ["Outcome", "outcome"]

_SHARE = 0.5
_LONGER = 100.0


class Outcome(StrEnum):
    """How a run ended.

    A run that made all its steps was too slow if over the second half of them the logarithm of its
    loss fell at least half as fast as that of the network linearised at the start, and if at this
    pace the target is reached within a hundred times the steps; otherwise it was stuck.
    """

    REACHED = "reached"
    SLOW = "slow"
    STUCK = "stuck"
    DIVERGED = "diverged"


def outcome(
    problem: Problem,
    params: Params,
    status: Status,
    losses: Series,
    half_step: float,
    target: float,
) -> Outcome:
    """How a run ended.

    Args:
        problem: network, loss and data.
        params: its start.
        status: why training ended.
        losses: the loss at some steps, the last one included.
        half_step: the step for half the sum of squares; NaN for other losses, where the linearised
            network predicts nothing and only the pace counts.
        target: the loss to be reached.

    Cost:
        One spectrum of the Gram matrix for a run that was too slow or stuck.
    """
    if status is Status.TARGET_REACHED:
        return Outcome.REACHED
    if status is Status.DIVERGED:
        return Outcome.DIVERGED
    steps, last = float(losses.times[-1]), float(losses.last)
    middle = int(np.searchsorted(losses.times, steps / 2.0))
    half, before = float(losses.times[middle]), float(losses.values[middle])
    if not steps > half or not last < before:
        return Outcome.STUCK
    pace = math.log(before / last) / (steps - half)
    if steps + math.log(last / target) / pace > _LONGER * steps:
        return Outcome.STUCK
    if math.isfinite(half_step) and pace < _SHARE * _predicted(
        problem, params, half_step, half, steps
    ):
        return Outcome.STUCK
    return Outcome.SLOW


def _predicted(
    problem: Problem, params: Params, half_step: float, begin: float, end: float
) -> float:
    r"""The pace of $\log\sum_i(1 - h\lambda_i)^{2t}e_i$ between two times."""
    values, vectors = np.linalg.eigh(np.asarray(problem.gram(params)))
    energies = (vectors.T @ np.asarray(problem.residual(params))) ** 2
    factors = np.abs(1.0 - half_step * np.maximum(values, 0.0))
    with np.errstate(under="ignore"):
        first, last = (float(factors ** (2.0 * t) @ energies) for t in (begin, end))
    if not last > 0.0:
        return math.inf
    return math.log(first / last) / (end - begin)
