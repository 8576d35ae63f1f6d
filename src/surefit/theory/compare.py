"""What was promised beside what was measured: one comparison for all theorems."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check, Sense
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Status, Trajectory
from surefit.theory.aligned import RESIDUAL, ROUNDING, aligned

__all__ = ["compare"]


def compare(prediction: Prediction, trajectory: Trajectory) -> tuple[Check, ...]:
    r"""Hold every promise of a theorem against a run, one check per promise.

    * `upper`: the value is the largest measured / (promised + tolerance) along the run, and must be
      at most 1.
    * `lower`: the value is the smallest measured / (promised - tolerance), and must be at least 1.
    * `tight`, squared residual: the value is
      $\max_k |\sqrt{\text{measured}} - \sqrt{\text{promised}}| / \|r_0\|$ and the bound
      $\sqrt{\text{tolerance}}/\|r_0\|$, both in shares of the initial residual norm.
    * `tight`, any other monitor: the value is $\max_k|\text{measured} - \text{promised}|$ and the
      bound the tolerance.

    Of a monitor with several columns the worst column counts. A curve starts at the measured value,
    so the start itself is left out. Times at which both the promised and the measured squared
    residual are below 1e-24 of the first one are left out too: there the run measures rounding. A
    run with values that are not finite fails; a monitor that was not recorded
    leaves its check undecided, and so does a constant that the source does not state.

    Args:
        prediction: what the theorem promised for this problem and start.
        trajectory: what was measured.

    Returns:
        The checks in the order of the promises.
    """
    return tuple(_outcome(prediction, promise, trajectory) for promise in prediction.promises)


def _outcome(prediction: Prediction, promise: Promise, trajectory: Trajectory) -> Check:
    name = f"{promise.monitor}: measured against promised ({promise.guarantee})"
    if promise.monitor not in trajectory.series:
        note = f"not recorded in this run; train with the monitor {promise.monitor!r}"
        return Check.undecided(name, note, unstated=promise.unstated)
    series = trajectory.series[promise.monitor]
    if trajectory.status is Status.DIVERGED or not np.all(np.isfinite(series.values)):
        return _failed(name, promise)
    first = float(np.max(series.values[0]))
    unit = math.sqrt(max(first, 0.0)) if promise.monitor == RESIDUAL else None
    times, measured, promised = aligned(promise, series)
    if not times.size:
        return Check.undecided(name, "there is no record to compare above the floor of rounding")
    if promise.guarantee is Guarantee.TIGHT:
        worst, value, bound, sense = _tight(promise.tolerance, measured, promised, unit)
    else:
        worst, value, bound, sense = _one_sided(promise, measured, promised)
    clock = "time" if trajectory.method == "gradient_flow" else "step"
    note = (
        f"worst at {clock} {times[worst]:.6g}: promised {promised[worst]:.4g}, "
        f"measured {measured[worst]:.4g}"
    )
    check = Check(name, value, bound, sense, note=note, unstated=promise.unstated)
    if check.presumed is False and prediction.applies is not True:
        note += "; the assumptions are not all known to hold, so nothing is contradicted"
    return dataclasses.replace(check, note=note)


def _failed(name: str, promise: Promise) -> Check:
    low = promise.guarantee is Guarantee.LOWER
    value, sense = (-math.inf, Sense.AT_LEAST) if low else (math.inf, Sense.AT_MOST)
    note = "the run diverged or was measured as not finite"
    return Check(name, value, 1.0, sense, note=note, unstated=promise.unstated)


def _one_sided(
    promise: Promise, measured: Float[np.ndarray, " times"], promised: Float[np.ndarray, " times"]
) -> tuple[int, float, float, Sense]:
    lower = promise.guarantee is Guarantee.LOWER
    allowed = promised - promise.tolerance if lower else promised + promise.tolerance
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Nothing promised and nothing measured is a promise kept.
        ratio = np.where((allowed == 0.0) & (measured == 0.0), 1.0, measured / allowed)
    if lower:
        ratio = np.where(allowed <= 0.0, np.where(measured >= allowed, np.inf, -np.inf), ratio)
    worst = int(np.argmin(ratio) if lower else np.argmax(ratio))
    value = float(ratio[worst])
    value = 1.0 if abs(value - 1.0) <= ROUNDING else value
    return worst, value, 1.0, Sense.AT_LEAST if lower else Sense.AT_MOST


def _tight(
    tolerance: float,
    measured: Float[np.ndarray, " times"],
    promised: Float[np.ndarray, " times"],
    unit: float | None,
) -> tuple[int, float, float, Sense]:
    """`unit`: the initial residual norm where squared residuals are compared by their roots."""
    deviation, allowed = np.abs(measured - promised), tolerance
    if unit is not None:
        unit = unit or 1.0
        deviation = np.abs(np.sqrt(measured) - np.sqrt(promised)) / unit
        allowed = math.sqrt(tolerance) / unit
    worst = int(np.argmax(deviation))
    return worst, float(deviation[worst]), allowed, Sense.AT_MOST
