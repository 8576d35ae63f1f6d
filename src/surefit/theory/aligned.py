"""A promise and the series that it is about, on the same times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Promise
from surefit.core.trajectory import Series

__all__ = ["RESIDUAL", "ROUNDING", "Aligned", "aligned"]

RESIDUAL = "squared_residual"
FLOOR = 1e-24
"""Squared residuals below this share of the first one are rounding and are not compared."""
ROUNDING = 1e-9
"""Ratios this close to 1 count as 1: promise and measurement round differently."""
_BLOCK = 1_000_000


class Aligned(NamedTuple):
    """What is compared; times at which only rounding was measured are left out."""

    times: Float[np.ndarray, " times"]
    measured: Float[np.ndarray, " times"]
    promised: Float[np.ndarray, " times"]


def aligned(promise: Promise, series: Series) -> Aligned:
    """The promised and the measured values at the times that count.

    Args:
        promise: about the monitored quantity.
        series: its measurements; of several columns the worst one counts.
    """
    times, measured = _worst_column(series, promise.guarantee)
    promised = _promised(promise.bound, times)
    counted = _counted(promise, times, measured, promised)
    return Aligned(times[counted], measured[counted], promised[counted])


def _worst_column(
    series: Series, guarantee: Guarantee
) -> tuple[Float[np.ndarray, " times"], Float[np.ndarray, " times"]]:
    values = np.asarray(series.values, np.float64)
    if values.ndim > 1:
        pick = np.min if guarantee is Guarantee.LOWER else np.max
        values = pick(values.reshape(len(values), -1), axis=1)
    return np.asarray(series.times, np.float64), values


def _promised(
    bound: float | Curve, times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, " times"]:
    if not isinstance(bound, Curve):
        return np.full(times.shape, float(bound))
    # One term per eigenvalue and one row per record: in blocks, so that memory stays bounded.
    rows = max(1, _BLOCK // max(1, len(bound.weights)))
    return np.concatenate([bound(times[i : i + rows]) for i in range(0, len(times), rows)])


def _counted(
    promise: Promise,
    times: Float[np.ndarray, " times"],
    measured: Float[np.ndarray, " times"],
    promised: Float[np.ndarray, " times"],
) -> Bool[np.ndarray, " times"]:
    counted = np.ones(measured.shape, bool)
    if promise.monitor == RESIDUAL:
        counted = np.maximum(measured, promised) > FLOOR * measured[0]
    if isinstance(promise.bound, Curve):
        agree = np.abs(measured - promised) <= ROUNDING * np.abs(promised)
        counted &= ~((times == 0.0) & agree)
    return counted
