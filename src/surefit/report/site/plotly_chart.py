"""A chart in Plotly's schema, with what the page's script needs around it."""

from __future__ import annotations

import html
import math
from typing import Any

import numpy as np

from surefit.report.axes import axis, base_layout
from surefit.report.figures.chart import Chart, Mark
from surefit.report.figures.scale import span, ticks
from surefit.report.numbers import number
from surefit.report.plot import PALETTE, SYMBOLS, drawable
from surefit.report.site.plotly_cells import cell_words, heat_map, rounded
from surefit.report.symbols import symbols

__all__ = ["chart_json"]

_BAND = "33"


def _colour(index: int) -> str:
    return "var(--ink)" if index < 0 else PALETTE[index % len(PALETTE)]


def _symbol(index: int) -> str:
    return SYMBOLS[max(index, 0) // len(PALETTE) % len(SYMBOLS)]


def _band(mark: Mark, chart: Chart) -> dict[str, Any]:
    assert mark.low is not None and mark.high is not None
    around = np.concatenate([mark.high, mark.low[::-1]])
    return {
        "type": "scatter",
        "mode": "lines",
        "x": drawable(np.concatenate([mark.x, mark.x[::-1]]), positive=chart.log_x),
        "y": drawable(around, positive=chart.log_y),
        "fill": "toself",
        "fillcolor": f"{_colour(mark.colour)}{_BAND}",
        "line": {"width": 0, "color": _colour(mark.colour)},
        "hoverinfo": "skip",
    }


def _trace(mark: Mark, chart: Chart) -> dict[str, Any]:
    if mark.kind == "band":
        return _band(mark, chart)
    colour, cycled = _colour(mark.colour), mark.colour >= len(PALETTE)
    mode = {"points": "markers", "line": "lines"}.get(mark.kind, "lines+markers")
    marker: dict[str, Any] = {"size": 8, "color": colour, "symbol": _symbol(mark.colour)}
    # Told apart from cells and lines of any colour behind them.
    marker["line"] = {"color": "var(--card)", "width": 1}
    if mark.kind == "line" and cycled and not mark.faint:
        mode, marker["maxdisplayed"] = "lines+markers", 6
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": mode,
        "x": drawable(mark.x, positive=chart.log_x),
        "y": drawable(mark.y, positive=chart.log_y),
        "line": {"color": colour, "dash": mark.dash, "width": 1.3 if mark.faint else 2.2},
        "marker": marker,
        "connectgaps": False,
        "hovertemplate": f"{symbols(mark.label)}<br>%{{x}}: %{{y:.3~g}}<extra></extra>",
    }
    if mark.texts:
        # One text for the whole line is one text in the page.
        same = len(set(mark.texts)) == 1
        if same:
            words = f"{html.escape(mark.texts[0])}<br>%{{x}}: %{{y:.3~g}}"
        else:
            trace["customdata"] = [html.escape(text) for text in mark.texts]
            words = f"{symbols(mark.label)}, %{{x}}: %{{y:.3~g}}<br>%{{customdata}}"
        trace["hovertemplate"] = f"{words}<extra></extra>"
    if mark.low is not None and mark.high is not None:
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": rounded(np.maximum(mark.high - mark.y, 0.0).tolist()),
            "arrayminus": rounded(np.maximum(mark.y - mark.low, 0.0).tolist()),
            "color": colour,
            "thickness": 1.4,
            "width": 4,
        }
    return trace


def _axes(chart: Chart) -> tuple[dict[str, Any], dict[str, Any]]:
    sides = []
    for name, log, places in (
        ("x", chart.log_x, chart.x_ticks),
        ("y", chart.log_y, chart.y_ticks),
    ):
        side = axis(getattr(chart, f"{name}_axis"), log)
        if places:
            shown = ticks(places, log)
            side |= {"tickmode": "array", "tickvals": shown, "ticktext": [*map(number, shown)]}
        if not log and name == "x":
            side |= {"exponentformat": "none", "nticks": 5}
        if chart.cells is not None:
            low, high = span(chart, name)
            side |= {"range": [math.log10(low), math.log10(high)] if log else [low, high]}
            side |= {"showgrid": False}
        sides.append(side)
    if chart.y_range is not None:
        sides[1] |= {"range": list(chart.y_range)}
    return sides[0], sides[1]


def chart_json(chart: Chart) -> dict[str, Any]:
    """The chart as plain dictionaries: Plotly's data and layout, choices, notes and numbers.

    The legend and the choices are made by the page's script from the `meta` of the traces.
    """
    data = []
    if chart.cells is not None:
        data = [heat_map(chart.cells, chart), cell_words(chart.cells, chart)]
    for mark in chart.marks:
        trace = _trace(mark, chart)
        trace["meta"] = {"label": mark.label, "by": dict(mark.by), "faint": mark.faint}
        data.append(trace)
    layout = {**base_layout(*_axes(chart)), "hovermode": "closest"}
    layout["margin"] = {"l": 60, "r": 16, "t": 12, "b": 48}
    return {
        "ident": chart.ident,
        "title": chart.title,
        "about": chart.about,
        "wide": chart.wide,
        "axes": [chart.x_axis, chart.y_axis],
        "data": data,
        "layout": layout,
        "filters": [
            {
                "key": item.key,
                "label": item.label,
                "values": list(item.values),
                "single": item.single,
                "colours": item.colours,
            }
            for item in chart.filters
        ],
        "notes": list(chart.notes),
        "tables": [
            {
                "caption": table.caption,
                "columns": list(table.columns),
                "rows": [[_cell(item) for item in row] for row in table.rows],
            }
            for table in chart.tables
        ],
    }


def _cell(item: Any) -> str:
    return number(item) if isinstance(item, int | float) else str(item)
