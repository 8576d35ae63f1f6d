"""Where cells end, how far an axis reaches, and where its ticks are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surefit.report.figures.chart import Chart

__all__ = ["edges", "even_on_log", "span", "ticks"]

_TICKS = 9
_ROOM = 1.15


def edges(positions: Sequence[float | int], log: bool) -> list[float]:
    """The borders of cells around increasing positions: halfway, on the scale of the axis."""
    at = np.asarray(positions, np.float64)
    at = np.log(at) if log else at
    if len(at) == 1:
        borders = np.asarray([at[0] - 0.35, at[0] + 0.35])
    else:
        middles = (at[1:] + at[:-1]) / 2.0
        first, last = 2 * at[0] - middles[0], 2 * at[-1] - middles[-1]
        borders = np.concatenate([[first], middles, [last]])
    return (np.exp(borders) if log else borders).tolist()


def even_on_log(positions: Sequence[float | int]) -> bool:
    """Whether increasing positive positions are spread more evenly on a logarithmic axis."""
    at = np.asarray(positions, np.float64)
    if len(at) < 3:
        return bool(at[-1] >= 4 * at[0])
    gaps, log_gaps = np.diff(at), np.diff(np.log(at))
    return bool(log_gaps.max() / log_gaps.min() <= gaps.max() / gaps.min())


def span(chart: Chart, name: str) -> tuple[float, float]:
    """The ends of an axis of a chart with cells: all cells, and the marks on them.

    Args:
        chart: with cells.
        name: `x` or `y`.
    """
    assert chart.cells is not None
    borders = edges(getattr(chart.cells, name), getattr(chart, f"log_{name}"))
    places = [value for mark in chart.marks for value in getattr(mark, name).tolist()]
    finite = [value for value in places if np.isfinite(value) and value > 0]
    low, high = min([borders[0], *finite]), max([borders[-1], *finite])
    # A mark beyond the cells is not cut in halves.
    return low / _ROOM if low < borders[0] else low, high * _ROOM if high > borders[-1] else high


def ticks(positions: Sequence[float | int], log: bool) -> list[float]:
    """Those of the increasing positions that are far enough apart to be named."""
    at = np.asarray(positions, np.float64)
    scale = np.log(at) if log else at
    least = (scale[-1] - scale[0]) / _TICKS
    kept = [0]
    for index in range(1, len(at)):
        if scale[index] - scale[kept[-1]] >= least:
            kept.append(index)
    return at[kept].tolist()
