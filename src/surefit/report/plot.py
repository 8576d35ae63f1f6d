"""A plot as data, and its form for the browser: plain dictionaries in Plotly's schema.

Colours are names of CSS variables; the page's script replaces them by the values that hold in the
reader's colour scheme, so that all colours stand in one style sheet.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.report.axes import axis, base_layout
from surefit.report.numbers import number
from surefit.report.symbols import symbols

__all__ = [
    "DASHES",
    "PALETTE",
    "SYMBOLS",
    "Line",
    "Plot",
    "broken_at",
    "drawable",
    "figure_json",
]

PALETTE = tuple(f"var(--line-{index})" for index in range(1, 7))
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down", "cross")
FEW = 40


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a plot.

    Args:
        label: its name, plain text.
        x: positions.
        y: values; what is not finite is a gap.
        colour: a CSS variable.
        dash: one of `DASHES`.
        width: in pixels.
        symbol: a marker drawn now and then along the line; "" for none.
        shown: False: present, and hidden until the reader asks for it.
        promised: a prediction, not a measurement.
    """

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    colour: str = "var(--ink)"
    dash: str = "solid"
    width: float = 2.5
    symbol: str = ""
    shown: bool = True
    promised: bool = False


@dataclasses.dataclass(frozen=True)
class Plot:
    """A plot: lines over one pair of axes.

    Args:
        ident: the id of its figure on the page.
        title: its heading.
        about: one or two sentences.
        x_axis: label.
        y_axis: label.
        lines: what is drawn.
        log_x: logarithmic horizontal axis.
        log_y: logarithmic vertical axis.
        over_time: the horizontal axis is time; the page's switch can change its scale.
        percent: the values are fractions, shown as percentages.
        diverged: the run diverged, so a value that is not finite means that it did so there.
        notes: remarks below the plot.
    """

    ident: str
    title: str
    about: str
    x_axis: str
    y_axis: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False
    over_time: bool = True
    percent: bool = False
    diverged: bool = False
    notes: tuple[str, ...] = ()


def broken_at(plot: Plot) -> float | None:
    """Where the first measured value that is not a finite number stands."""
    places = [
        float(line.x[np.argmin(np.isfinite(line.y))])
        for line in plot.lines
        if not line.promised and not np.isfinite(line.y).all()
    ]
    return min(places, default=None)


def drawable(values: Float[np.ndarray, " n"], positive: bool) -> list[float | None]:
    """Six digits are more than a screen shows; what cannot be drawn is a gap."""
    good = np.isfinite(values) & ((values > 0) | (not positive))
    return [
        float(f"{v:.6g}") if ok else None
        for v, ok in zip(values.tolist(), good.tolist(), strict=True)
    ]


def _trace(line: Line, plot: Plot) -> dict[str, Any]:
    markers = bool(line.symbol) or len(line.x) <= FEW
    marker: dict[str, Any] = {"size": 8 if line.symbol else 6, "color": line.colour}
    if line.symbol:
        marker |= {"symbol": line.symbol, "maxdisplayed": 9}
    return {
        "type": "scatter",
        "mode": "lines+markers" if markers else "lines",
        "name": symbols(line.label),
        "x": drawable(line.x, positive=False),
        "y": drawable(line.y, positive=plot.log_y),
        "line": {"color": line.colour, "width": line.width, "dash": line.dash},
        "marker": marker,
        "visible": True if line.shown else "legendonly",
        "connectgaps": False,
        "hovertemplate": "%{y:.1%}" if plot.percent else "%{y:.3~g}",
    }


def _break(plot: Plot, place: float | None) -> dict[str, Any]:
    """A mark at the place from which on the numbers are no longer finite."""
    if place is None:
        return {}
    line = {"color": "var(--no)", "width": 2, "dash": "dot"}
    unit = "step" if plot.x_axis == "step" else "time"
    return {
        "shapes": [
            {"type": "line", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1}
            | {"line": line}
        ],
        "annotations": [
            {
                "text": f"no finite number from {unit} {number(place)} on",
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1.01,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"color": "var(--no-text)", "size": 13},
            }
        ],
    }


def figure_json(plot: Plot) -> dict[str, Any]:
    """The plot in Plotly's schema, as plain dictionaries."""
    x_axis, y_axis = axis(plot.x_axis, plot.log_x), axis(plot.y_axis, plot.log_y)
    if plot.over_time:
        # Steps are counted in full on a linear axis; on a logarithmic one they are powers of ten.
        x_axis |= {"exponentformat": "power" if plot.log_x else "none", "nticks": 5}
    if plot.percent:
        y_axis |= {"tickformat": ".0%", "range": [0, 1.03]}
    layout = {
        **base_layout(x_axis, y_axis),
        "hovermode": "x unified",
        **_break(plot, broken_at(plot) if plot.diverged else None),
    }
    return {"data": [_trace(line, plot) for line in plot.lines], "layout": layout}
