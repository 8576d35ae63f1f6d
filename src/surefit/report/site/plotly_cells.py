"""The cells of a phase diagram in Plotly's schema."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.report.figures.chart import Cells, Chart
from surefit.report.figures.scale import edges

__all__ = ["cell_words", "heat_map", "rounded"]


def rounded(values: Sequence[float]) -> list[float | None]:
    """Six digits are more than a screen shows; what is not finite is a gap."""
    return [float(f"{v:.6g}") if math.isfinite(v) else None for v in values]


def _corners(positions: Sequence[float | int], log: bool, inside: float) -> list[float]:
    """The upper end of every cell, moved inside by a share of its size."""
    borders = np.asarray(edges(positions, log), np.float64)
    borders = np.log(borders) if log else borders
    ends = borders[1:] - inside * np.diff(borders)
    return (np.exp(ends) if log else ends).tolist()


def heat_map(cells: Cells, chart: Chart) -> dict[str, Any]:
    """The cells as a trace; what is said of each stands in the picture only on hovering."""
    return {
        "type": "heatmap",
        "x": rounded(edges(cells.x, chart.log_x)),
        "y": rounded(edges(cells.y, chart.log_y)),
        "z": [rounded(row) for row in cells.values.tolist()],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "var(--grid)"], [1, "var(--line-1)"]],
        "xgap": 2,
        "ygap": 2,
        "customdata": [[html.escape(text) for text in row] for row in cells.texts],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "tickformat": ".0%",
            "tickfont": {"color": "var(--muted)"},
            "nticks": 5,
            "len": 0.86,
            "y": 0.45,
        },
    }


def cell_words(cells: Cells, chart: Chart) -> dict[str, Any]:
    """What stands in the cells: in their corners, out of the way of lines through the middles."""
    right, top = _corners(cells.x, chart.log_x, 0.04), _corners(cells.y, chart.log_y, 0.1)
    places = [
        (right[i], top[j], word, float(cells.values[j, i]))
        for j, row in enumerate(cells.words)
        for i, word in enumerate(row)
        if word
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": rounded([place[0] for place in places]),
        "y": rounded([place[1] for place in places]),
        "text": [place[2] for place in places],
        "textposition": "bottom left",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        # The script chooses the colour of each word by the share behind it.
        "meta": {
            "shares": [round(place[3], 3) for place in places],
            "columns": len(cells.x),
        },
    }
