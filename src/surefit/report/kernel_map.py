"""The heat map of a kernel matrix: its figure in Plotly's schema, and its card.

One hue from the colour of the card to a dark one, so that order is seen with every form of colour
vision; groups are told apart by lines and by their names on both axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.kernel_record import HeatMap
from surefit.report.axes import page_colours
from surefit.report.markup import Html, element, heading, table
from surefit.report.numbers import figure, number
from surefit.report.symbols import symbols

__all__ = ["IDENT", "map_card", "map_figure"]

IDENT = "kernel-map"
_SHADES = [[0, "var(--card)"], [1, "var(--line-1)"]]
# More names than this would lie on top of each other on a phone.
_NAMES = 24


def _middles(heat: HeatMap) -> list[float]:
    return [(a + b - 1) / 2.0 for a, b in zip(heat.edges[:-1], heat.edges[1:], strict=True)]


def _axis(heat: HeatMap) -> dict[str, Any]:
    middles, names = _middles(heat), list(heat.groups)
    every = -(-len(names) // _NAMES)
    return {
        "tickmode": "array",
        "tickvals": middles[::every],
        "ticktext": names[::every],
        "color": "var(--muted)",
        "showgrid": False,
        "zeroline": False,
        "constrain": "domain",
        "automargin": True,
    }


def map_figure(heat: HeatMap) -> dict[str, Any]:
    """The figure as plain dictionaries."""
    last = len(heat.values) - 0.5
    line = {"color": "var(--rule)", "width": 1}
    shapes = []
    for edge in heat.edges[1:-1]:
        at = edge - 0.5
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": -0.5, "y1": last, "line": line})
        shapes.append({"type": "line", "y0": at, "y1": at, "x0": -0.5, "x1": last, "line": line})
    names = [
        name
        for name, a, b in zip(heat.groups, heat.edges[:-1], heat.edges[1:], strict=True)
        for _ in range(b - a)
    ]
    cells = [
        [float(f"{v:.4g}") if np.isfinite(v) else None for v in row] for row in heat.values.tolist()
    ]
    trace = {
        "type": "heatmap",
        "z": cells,
        "customdata": [[f"{row} and {column}" for column in names] for row in names]
        if len(set(names)) > 1
        else None,
        "colorscale": _SHADES,
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "tickfont": {"color": "var(--muted)"},
            "nticks": 5,
            # Below the buttons of the plot.
            "len": 0.86,
            "y": 0.45,
        },
        "hovertemplate": "%{customdata}: %{z:.3f}<extra></extra>",
    }
    layout = {
        "xaxis": _axis(heat) | {"scaleanchor": "y"},
        "yaxis": _axis(heat) | {"autorange": "reversed"},
        "shapes": shapes,
        **page_colours(),
        "margin": {"l": 40, "r": 12, "t": 10, "b": 36},
    }
    return {"data": [trace], "layout": layout}


def _means(heat: HeatMap) -> Float[np.ndarray, "g g"]:
    """The mean of every block of groups."""
    cuts = list(zip(heat.edges[:-1], heat.edges[1:], strict=True))
    return np.asarray([[heat.values[a:b, c:d].mean() for c, d in cuts] for a, b in cuts])


def _nearest(means: Float[np.ndarray, "g g"]) -> list[int]:
    others = means - 2.0 * np.eye(len(means)) * (1.0 + np.abs(means).max())
    return [int(row.argmax()) for row in others]


def map_card(heat: HeatMap) -> Html:
    """The card: figure, its description in words, and the means of groups in a table."""
    means = _means(heat)
    nearest = _nearest(means)
    inside = float(np.mean(np.diagonal(means)))
    alone = len(means) == 1
    outside = inside if alone else float(means[~np.eye(len(means), dtype=bool)].mean())
    description = (
        f"Heat map of the correlations between {len(heat.groups)} groups of samples: on average "
        f"{number(inside)} inside a group and {number(outside)} between groups. The means of every "
        "group are in the table below the map."
    )
    rows = [
        [
            symbols(name),
            figure(float(means[i, i])),
            "–" if alone else symbols(heat.groups[nearest[i]]),
            "–" if alone else figure(float(means[i, nearest[i]])),
        ]
        for i, name in enumerate(heat.groups)
    ]
    return element(
        "figure",
        element("figcaption", heading(3, heat.title), element("p", heat.about)),
        element(
            "div",
            class_="plot map",
            role="img",
            aria_label=description,
            data_plot=IDENT,
            data_time="no",
        ),
        element(
            "details",
            element("summary", "The numbers behind this map"),
            table(
                "Mean correlations of every group",
                ["group", "inside", "nearest other", "with that one"],
                rows,
            ),
            class_="numbers",
        ),
        id=IDENT,
        class_="card wide",
    )
