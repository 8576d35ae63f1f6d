"""Measured series with the theorems' promises beside them, as plots over time."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float

from surefit.core.record import RunRecord
from surefit.core.trajectory import Series, Status
from surefit.report.looks import LOOKS, Look, look
from surefit.report.plot import DASHES, PALETTE, Line, Plot
from surefit.report.promised import RESIDUAL, promised, promises_on
from surefit.report.thinning import thin

__all__ = ["slug", "time_axis", "timelines"]

MANY_COLUMNS = 12
WIDE_SPAN = 30.0
EARLY = 0.25


def slug(name: str) -> str:
    """`name` as part of an id: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "unnamed"


def time_axis(record: RunRecord) -> str:
    """What time is counted in: steps, or the time of the flow."""
    return "time" if "flow" in record.trajectory.method else "step"


def _column_label(label: str) -> str:
    """`2/w`, the place of a weight in the tree of parameters, reads `layer 2: w`."""
    place, slash, rest = label.partition("/")
    if not place.isdecimal():
        return label
    return f"layer {place}: {rest}" if slash else f"layer {place}"


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
    return list(zip(map(_column_label, labels), values.T, strict=True))


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


def _level(shape: Look, measured: list[Line]) -> list[Line]:
    """The horizontal line that belongs to a quantity, over the times of its measured lines."""
    if shape.level is None:
        return []
    first, last = min(line.x[0] for line in measured), max(line.x[-1] for line in measured)
    # Many points, or each would be drawn as a measured one.
    times = np.linspace(first, last, 101)
    return [
        Line(
            label=shape.level_name,
            x=times,
            y=np.full(len(times), shape.level),
            colour="var(--no)",
            dash="dot",
            width=1.8,
            promised=True,
        )
    ]


def _is_log(scale: str, lines: list[Line]) -> bool:
    """Whether the vertical axis is logarithmic, where the look leaves it open."""
    shown = [line.y[np.isfinite(line.y)] for line in lines if line.shown]
    values = np.concatenate(shown) if shown else np.zeros(0)
    positive = values[values > 0]
    if scale == "linear" or not positive.size:
        return False
    if scale == "log":
        return True
    if positive.size != values.size:
        # A quantity that starts at zero is judged by its later half.
        later = np.concatenate([v[len(v) // 2 :] for v in shown])
        positive = later[later > 0]
    if not positive.size or (values < 0).any():
        return False
    return bool(positive.max() > WIDE_SPAN * positive.min())


def _early(series: Series) -> bool:
    """Whether most of the records are from the early part of the run."""
    return len(series.times) > 2 and bool(np.median(series.times) < EARLY * series.times[-1])


def _timeline(record: RunRecord, name: str, ident: str) -> Plot:
    shape, series = look(name), record.trajectory.series[name]
    measured = _measured(series)
    lines = [*measured, *promised(record, name, measured), *_level(shape, measured)]
    return Plot(
        ident=ident,
        title=shape.title,
        about=shape.about,
        x_axis=time_axis(record),
        y_axis=shape.axis,
        lines=tuple(lines),
        # A geometric decay is a straight line over linear time; all else happens early.
        log_x=name not in (RESIDUAL, "loss") and _early(series),
        log_y=_is_log(shape.scale, lines),
        percent=shape.percent,
        diverged=record.trajectory.status is Status.DIVERGED,
    )


def _repeats_residual(record: RunRecord) -> bool:
    """Whether the loss is the squared residual times a constant, and promised nothing itself."""
    series = record.trajectory.series
    if not {"loss", "squared_residual"} <= set(series):
        return False
    promised = any(promises_on(theorem, "loss") for theorem in record.theorems)
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
