"""Measured series with the theorems' promises beside them, as plots over time."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Promise
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Series
from surefit.report.looks import LOOKS, look
from surefit.report.numbers import number
from surefit.report.plot import DASHES, PALETTE, SYMBOLS, Line, Plot
from surefit.report.thinning import thin

__all__ = ["slug", "time_axis", "timelines"]

MANY_COLUMNS = 12
WIDE_SPAN = 30.0
BELOW = 1e-2

APPLIES = {True: "", False: " (does not apply here)", None: " (cannot say whether it applies)"}
DASH = {True: "solid", None: "dash", False: "dot"}


def slug(name: str) -> str:
    """`name` as part of an id: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "unnamed"


def time_axis(record: RunRecord) -> str:
    """What time is counted in: steps, or the time of the flow."""
    return "time" if "flow" in record.trajectory.method else "step"


def _columns(series: Series) -> list[tuple[str, Float[np.ndarray, " times"]]]:
    """The lines of a series: itself, its columns, or the spread of very many columns."""
    values = np.asarray(series.values, dtype=np.float64)
    if values.ndim == 1:
        return [("measured", values)]
    values = values.reshape(len(values), -1)
    count = values.shape[1]
    if count > MANY_COLUMNS:
        low, middle, high = np.min(values, 1), np.median(values, 1), np.max(values, 1)
        return [
            (f"largest of {count}", high),
            ("median", middle),
            ("smallest", low),
        ]
    labels = series.labels if len(series.labels) == count else [str(i + 1) for i in range(count)]
    return list(zip(labels, values.T, strict=True))


def _measured(series: Series) -> list[Line]:
    times = np.asarray(series.times, dtype=np.float64)
    columns = _columns(series)
    lines = []
    for index, (label, values) in enumerate(columns):
        kept = thin(values)
        single = len(columns) == 1
        lines.append(
            Line(
                label=label,
                x=times[kept],
                y=values[kept],
                colour="var(--ink)" if single else PALETTE[-1 - index % len(PALETTE)],
                dash=DASHES[index // len(PALETTE) % len(DASHES)],
                width=3.0,
            )
        )
    return lines


def _promises(theorem: TheoremRecord, name: str) -> list[Promise]:
    """What a theorem says of one quantity; its radius counts as a promise on the distance."""
    prediction = theorem.prediction
    found = [promise for promise in prediction.promises if promise.monitor == name]
    if not found and name == "distance" and prediction.radius is not None:
        found = [Promise("distance", prediction.radius, unstated=tuple(prediction.unstated))]
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


def _promised(record: RunRecord, name: str, measured: list[Line]) -> list[Line]:
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
        for promise in _promises(theorem, name):
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
    return sorted(lines, key=lambda line: (not line.shown, order.index(line.dash)))


def _is_log(scale: str, lines: list[Line]) -> bool:
    """Whether the vertical axis is logarithmic, where the look leaves it open."""
    shown = [line.y[np.isfinite(line.y)] for line in lines if line.shown]
    values = np.concatenate(shown) if shown else np.zeros(0)
    positive = values[values > 0]
    if scale == "linear" or not positive.size:
        return False
    if scale == "log":
        return True
    # A quantity that starts at zero is judged by its later half.
    settled = np.concatenate([v[len(v) // 2 :] for v in shown if v.size])
    settled = settled[settled > 0]
    return bool(
        settled.size and not (values < 0).any() and settled.max() > WIDE_SPAN * settled.min()
    )


def _timeline(record: RunRecord, name: str, ident: str) -> Plot:
    shape, series = look(name), record.trajectory.series[name]
    measured = _measured(series)
    lines = [*measured, *_promised(record, name, measured)]
    notes = []
    hidden = sum(1 for line in lines if not line.shown)
    if hidden:
        notes.append(
            f"{hidden} predicted {'line is' if hidden == 1 else 'lines are'} not shown until you "
            "tick it, since the theorem does not apply here."
        )
    return Plot(
        ident=ident,
        title=shape.title,
        about=shape.about,
        x_axis=time_axis(record),
        y_axis=shape.axis,
        lines=tuple(lines),
        log_y=_is_log(shape.scale, lines),
        percent=shape.percent,
        notes=tuple(notes),
    )


def _repeats_residual(record: RunRecord) -> bool:
    """Whether the loss is the squared residual times a constant, and promised nothing itself."""
    series = record.trajectory.series
    if not {"loss", "squared_residual"} <= set(series):
        return False
    promised = any(_promises(theorem, "loss") for theorem in record.theorems)
    loss, residual = (
        np.asarray(series["loss"].values),
        np.asarray(series["squared_residual"].values),
    )
    if promised or loss.shape != residual.shape:
        return False
    good = np.isfinite(loss) & np.isfinite(residual) & (residual > 0)
    ratio = loss[good] / residual[good]
    return bool(ratio.size and ratio.max() - ratio.min() <= 1e-6 * ratio.max())


def timelines(record: RunRecord) -> list[Plot]:
    """A plot for every measured series, the known ones first and in their usual order."""
    series = record.trajectory.series
    names = [name for name in LOOKS if name in series]
    names += sorted(name for name in series if name not in LOOKS)
    if _repeats_residual(record):
        names.remove("loss")
    return [
        _timeline(record, name, f"plot-{index}-{slug(name)}")
        for index, name in enumerate(names, start=1)
        if len(series[name].times)
    ]
