"""A chart drawn by Matplotlib."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from surefit.report.figures.chart import Cells, Chart, Mark
from surefit.report.figures.scale import edges, span, ticks
from surefit.report.numbers import number
from surefit.report.paper.looks import DASHES, SIZES, colour, marker, page_colour, plain
from surefit.report.plot import PALETTE

__all__ = ["draw"]

_WORDY = 42
# From this share on, white words have more contrast on a cell than black ones.
_LIGHT = 0.85
_ENTRIES = 12
_ROW = 0.16
# Letters of a legend that fit beside each other in one column.
_LETTERS = 56


def _cells(axes: Any, cells: Cells, chart: Chart, wide: bool) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("share", [page_colour("grid"), page_colour("line-1")])
    x, y = edges(cells.x, chart.log_x), edges(cells.y, chart.log_y)
    drawn = axes.pcolormesh(
        x, y, np.ma.masked_invalid(cells.values), cmap=scale, vmin=0, vmax=1,
        edgecolors="white", linewidth=0.8,
    )  # fmt: skip
    if cells.values.size <= (4 * _WORDY if wide else _WORDY):
        for j, row in enumerate(cells.words):
            for i, word in enumerate(row):
                ink = "card" if cells.values[j, i] >= _LIGHT else "ink"
                axes.annotate(
                    word, (x[i + 1], y[j + 1]), (-2, -2), textcoords="offset points",
                    ha="right", va="top", fontsize=5, color=page_colour(ink),
                )  # fmt: skip
    return drawn


def _mark(axes: Any, mark: Mark, known: dict[str, None], halo: bool) -> None:
    from matplotlib.patheffects import withStroke

    label = "_nolegend_" if mark.label in known else plain(mark.label)
    paint = colour(mark.colour)
    if mark.kind == "band":
        axes.fill_between(mark.x, mark.low, mark.high, color=paint, alpha=0.18, linewidth=0)
        return
    style: dict[str, Any] = {"color": paint, "label": label, "linestyle": "none"}
    if mark.kind != "points":
        style["linestyle"] = DASHES.get(mark.dash, "-")
    if mark.kind != "line":
        style["marker"] = marker(mark.colour)
    elif mark.colour >= len(PALETTE) and not mark.faint:
        style |= {"marker": marker(mark.colour), "markevery": max(len(mark.x) // 6, 1)}
    if mark.faint:
        style |= {"linewidth": 0.7, "zorder": 1.5}
    if halo:
        # A line keeps its contrast on cells of every colour.
        style["path_effects"] = [withStroke(linewidth=2.6, foreground="white")]
    # A line of fit beside its points needs no entry of its own.
    known[mark.label] = None
    if mark.low is None or mark.high is None:
        axes.plot(mark.x, mark.y, **style)
        return
    below, above = np.maximum(mark.y - mark.low, 0.0), np.maximum(mark.high - mark.y, 0.0)
    axes.errorbar(mark.x, mark.y, np.stack([below, above]), elinewidth=0.8, **style)


def _axis(axis: Any, chart: Chart, name: str) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    places = getattr(chart, f"{name}_ticks")
    if not places:
        if not getattr(chart, f"log_{name}"):
            axis.set_major_locator(MaxNLocator(5))
        return
    shown = ticks(places, getattr(chart, f"log_{name}"))
    axis.set_major_locator(FixedLocator(shown))
    axis.set_ticklabels([number(place) for place in shown])
    axis.set_minor_locator(NullLocator())


def _legend(figure: Any, axes: Any, order: list[str], wide: bool) -> None:
    """Below the axes, in the order in which things were drawn; the figure grows by its height."""
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    labels = [label for label in map(plain, order) if label in handles]
    if not 1 < len(labels) <= _ENTRIES:
        return
    room = _LETTERS * (2 if wide else 1)
    longest = max(map(len, labels))
    columns = max(min(room // (longest + 6), 4), 1)
    shown = [textwrap.fill(label, room - 8) if longest > room - 8 else label for label in labels]
    columns_of = [shown[index::columns] for index in range(columns)]
    lines = max(sum(text.count("\n") + 1 for text in column) for column in columns_of)
    figure.set_figheight(figure.get_figheight() + _ROW * max(lines - 1, 0))
    figure.legend(
        [handles[label] for label in labels], shown, loc="outside lower center", ncols=columns,
        handlelength=1.8, columnspacing=1.2,
    )  # fmt: skip


def draw(chart: Chart, size: str) -> Any:
    """The chart as a Matplotlib figure.

    Args:
        chart: what to draw, as it is shown at first.
        size: a key of `SIZES`.

    Returns:
        The figure, which no window shows.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZES[size])
    axes = figure.add_subplot()
    if chart.log_x:
        axes.set_xscale("log")
    if chart.log_y:
        axes.set_yscale("log", nonpositive="mask")
    if chart.cells is not None:
        cells = _cells(axes, chart.cells, chart, wide=bool(size))
        bar = figure.colorbar(cells, ax=axes, pad=0.02, fraction=0.05, label="share of successes")
        bar.outline.set_linewidth(0)
        axes.set_xlim(*span(chart, "x"))
        axes.set_ylim(*span(chart, "y"))
    known: dict[str, None] = {}
    for mark in chart.shown():
        _mark(axes, mark, known, halo=chart.cells is not None)
    if chart.y_range is not None:
        axes.set_ylim(*chart.y_range)
    axes.set_xlabel(plain(chart.x_axis))
    axes.set_ylabel(plain(chart.y_axis))
    _axis(axes.xaxis, chart, "x")
    _axis(axes.yaxis, chart, "y")
    _legend(figure, axes, list(known), wide=bool(size))
    return figure
