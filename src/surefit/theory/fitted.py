"""Unstated constants fitted to a run: the values with which its promises are just kept."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from surefit.core.curve import Curve
from surefit.core.fitted import FittedConstant
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Status, Trajectory
from surefit.theory.aligned import ROUNDING, Aligned, aligned
from surefit.theory.compare import compare

__all__ = ["fitted_constants"]


class _Fit(NamedTuple):
    """`factor`: fitted over used; `at_least`: whether larger values keep the promise too."""

    factor: float
    at_least: bool


def fitted_constants(prediction: Prediction, trajectory: Trajectory) -> tuple[FittedConstant, ...]:
    r"""What a run makes of the constants that a theorem leaves open.

    Every promise that says which constant it is proportional to (`Promise.fits`) is held against
    the run. With the value $c$ that it was computed with:

    * an upper bound $cB$: the smallest constant that keeps it, $c\max_t\text{measured}_t/(cB)$;
    * a lower bound $cB$: the largest one, $c\min_t\text{measured}_t/(cB)$;
    * a geometric curve $w(1 - c\,a)^t$ (for gradient flow $we^{-cat}$): the largest rate whose
      curve stays above the run, $\min_t(1 - (\text{measured}_t/w)^{1/t})/a$; 0 where the run is
      above $w$ somewhere;
    * an allowance $cB$ around an explicit value: the smallest one that covers the deviations. (For
      a curve of the squared residual its root is proportional to $c$, as `compare` reads it.)

    Where several promises share a constant, the one that asks for more decides.

    Args:
        prediction: with its promises and the values of the constants.
        trajectory: what was measured.

    Returns:
        One entry per constant that a measured promise is proportional to, in the order of the
        promises; none for a run that diverged. The values describe this run and are not those of
        the source.

    Cost: that of `compare`.
    """
    if trajectory.status is Status.DIVERGED:
        return ()
    found: dict[str, FittedConstant] = {}
    for promise in prediction.promises:
        one = _fitted(prediction, promise, trajectory)
        if one is None:
            continue
        known = found.get(one.name)
        stronger = known is None or (
            one.fitted > known.fitted if one.at_least else one.fitted < known.fitted
        )
        if stronger:
            found[one.name] = one
    return tuple(found.values())


def _fitted(
    prediction: Prediction, promise: Promise, trajectory: Trajectory
) -> FittedConstant | None:
    series = trajectory.series.get(promise.monitor)
    if not promise.fits or series is None or not np.all(np.isfinite(series.values)):
        return None
    both = aligned(promise, series)
    if not both.times.size:
        return None
    (check,) = compare(dataclasses.replace(prediction, promises=(promise,)), trajectory)
    ratio = check.value / check.bound if check.bound else math.inf
    fit = _fit(promise, both, ratio, trajectory.method == "gradient_flow")
    if fit is None or not math.isfinite(fit.factor):
        return None
    used = prediction.unstated[promise.fits]
    return FittedConstant(
        name=promise.fits,
        used=used,
        ratio=ratio,
        fitted=used * fit.factor,
        at_least=fit.at_least,
        monitor=promise.monitor,
        note=check.note.partition(";")[0],
    )


def _fit(promise: Promise, both: Aligned, ratio: float, flow: bool) -> _Fit | None:
    lower = promise.guarantee is Guarantee.LOWER
    if promise.guarantee is Guarantee.TIGHT:
        return _Fit(ratio, True)
    if promise.tolerance > 0.0:
        beyond = both.promised - both.measured if lower else both.measured - both.promised
        return _Fit(max(float(np.max(beyond)), 0.0) / promise.tolerance, True)
    if isinstance(promise.bound, Curve):
        return _rate(promise.bound, both, flow)
    return _Fit(ratio, not lower) if promise.bound > 0.0 else None


def _rate(curve: Curve, both: Aligned, flow: bool) -> _Fit | None:
    """The rate of the slowest geometric curve that the run stays below."""
    moved = both.times > 0.0
    if len(curve.factors) != 1 or not np.any(moved) or not 0.0 < curve.factors[0] < 1.0:
        return None
    (start,), (factor,) = curve.weights, curve.factors
    if np.any(both.measured[~moved] > start * (1.0 + ROUNDING)):
        return _Fit(0.0, False)
    with np.errstate(divide="ignore"):
        logs = np.log(both.measured[moved] / start) / both.times[moved]
    slowest = float(np.max(logs))
    speed = -slowest if flow else -math.expm1(slowest)
    own = -math.log(factor) if flow else 1.0 - factor
    return _Fit(max(speed, 0.0) / own, False)
