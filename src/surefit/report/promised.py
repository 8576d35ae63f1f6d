"""What the theorems say of a measured quantity, as lines of its plot."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Promise
from surefit.core.record import RunRecord, TheoremRecord
from surefit.report.numbers import number
from surefit.report.plot import PALETTE, SYMBOLS, Line
from surefit.report.unstated import behind_radius

__all__ = ["RESIDUAL", "promised", "promises_on"]

RESIDUAL = "squared_residual"
BELOW = 1e-2

APPLIES = {True: "", False: " (does not apply here)", None: " (cannot say whether it applies)"}
DASH = {True: "solid", None: "dash", False: "dot"}


def promises_on(theorem: TheoremRecord, name: str) -> list[Promise]:
    """What a theorem says of one quantity; its radius counts as a promise on the distance."""
    prediction = theorem.prediction
    found = [promise for promise in prediction.promises if promise.monitor == name]
    if not found and name == "distance" and prediction.radius is not None:
        found = [Promise("distance", prediction.radius, unstated=behind_radius(prediction))]
    return found


def _promise_label(theorem: TheoremRecord, promise: Promise) -> str:
    says = {
        Guarantee.UPPER: "at most",
        Guarantee.LOWER: "at least",
        Guarantee.TIGHT: "predicts",
    }[promise.guarantee]
    what = "this curve" if isinstance(promise.bound, Curve) else number(promise.bound)
    open_ends = f", unstated {', '.join(promise.unstated)}" if promise.unstated else ""
    return f"{theorem.title}: {says} {what}{open_ends}{APPLIES[theorem.prediction.applies]}"


def _promise_values(
    promise: Promise, times: Float[np.ndarray, " times"], floor: float
) -> Float[np.ndarray, " times"]:
    """The promised values; what runs below the floor of the plot is cut off."""
    if not isinstance(promise.bound, Curve):
        return np.full(len(times), float(promise.bound))
    with np.errstate(over="ignore", invalid="ignore"):
        values = promise.bound(times)
    below = np.flatnonzero(values < floor)
    if below.size:
        values[below[0] + 1 :] = np.nan
    return values


def promised(record: RunRecord, name: str, measured: list[Line]) -> list[Line]:
    """What every theorem says of the quantity `name`, at the times of its measured lines.

    Theorems that apply come first. Those that do not are hidden, unless no other speaks of the
    residual.
    """
    grid = np.unique(np.concatenate([line.x for line in measured]))
    # Promises are smooth: a few hundred points draw them, however many were measured.
    times = grid[np.unique(np.linspace(0, len(grid) - 1, 400).astype(int))]
    seen = np.concatenate([line.y for line in measured])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    floor = float(seen.min()) * BELOW if seen.size else 0.0
    lines = []
    for index, theorem in enumerate(record.theorems):
        applies = theorem.prediction.applies
        symbol = SYMBOLS[index % len(SYMBOLS)]
        for promise in promises_on(theorem, name):
            values = _promise_values(promise, times, floor)
            if not np.isfinite(values).any():
                continue
            lines.append(
                Line(
                    label=_promise_label(theorem, promise),
                    x=times,
                    y=values,
                    colour=PALETTE[index % len(PALETTE)],
                    dash=DASH[applies],
                    width=1.8,
                    symbol=symbol if applies else f"{symbol}-open",
                    shown=applies is not False,
                    promised=True,
                )
            )
    order = list(DASH.values())
    lines.sort(key=lambda line: order.index(line.dash))
    return _orientation(lines) if name == RESIDUAL else lines


def _orientation(lines: list[Line]) -> list[Line]:
    """Where no theorem applies, the curves of those that do not are shown for orientation."""
    if any(line.shown for line in lines):
        return lines
    return [dataclasses.replace(line, shown=True) for line in lines]
