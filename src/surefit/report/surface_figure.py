"""A surface over a plane in Plotly's schema: a figure that can be turned, and a map.

Nothing is said by colour alone: heights have contour lines, the two axes through the marked point
are a solid and a broken line, and the point itself carries a vertical line and a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.core.surface import Surface
from surefit.report.axes import page_colours

__all__ = ["ident_of", "span_of", "surface_figures"]

_SHADES = [[0, "var(--surface-low)"], [1, "var(--surface-high)"]]
_LEVELS = 12
# The vertical line stands out of the surface by this part of its height.
_OVER = 0.12


def ident_of(surface: Surface) -> str:
    """The id of its figure on the page."""
    return f"surface-{surface.name.replace('_', '-')}"


def _cells(surface: Surface) -> list[list[float | None]]:
    """What is not finite is a hole; nine digits, as all heights may differ in the fifth."""
    return [
        [float(f"{value:.9g}") if np.isfinite(value) else None for value in row]
        for row in surface.z.tolist()
    ]


def span_of(surface: Surface) -> tuple[float, float]:
    """The lowest and the highest finite value."""
    finite = surface.z[np.isfinite(surface.z)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _levels(low: float, high: float) -> dict[str, float]:
    """Round heights of contour lines, about `_LEVELS` of them."""
    raw = (high - low) / _LEVELS or 1.0
    power = 10.0 ** np.floor(np.log10(raw))
    size = float(power * min((1, 2, 5, 10), key=lambda step: abs(step * power - raw)))
    start = float(np.ceil(low / size) * size)
    return {"start": start, "end": high, "size": size}


def _path(x: Any, y: Any, z: Any, name: str, dash: str, width: int) -> dict[str, Any]:
    rounded = [
        [float(f"{value:.9g}") if np.isfinite(value) else None for value in np.asarray(c).tolist()]
        for c in (x, y, z)
    ]
    return {
        "type": "scatter3d",
        "mode": "lines",
        "name": name,
        **dict(zip("xyz", rounded, strict=True)),
        "line": {"color": "var(--ink)", "width": width, "dash": dash},
        "hoverinfo": "skip",
        "connectgaps": False,
    }


def _solid(surface: Surface) -> list[dict[str, Any]]:
    low, high = span_of(surface)
    row, column = surface.marked
    here = float(surface.z[row, column])
    lift = 0.004 * (high - low)
    x0, y0 = float(surface.x[column]), float(surface.y[row])
    lines = {"show": True, "color": "var(--surface-line)", "width": 1}
    mesh = {
        "type": "surface",
        "x": [float(f"{v:.9g}") for v in surface.x.tolist()],
        "y": [float(f"{v:.9g}") for v in surface.y.tolist()],
        "z": _cells(surface),
        "colorscale": _SHADES,
        "showscale": False,
        "contours": {"z": {**lines, **_levels(low, high)}},
        "lighting": {"ambient": 0.75, "diffuse": 0.4, "specular": 0.05},
        "hovertemplate": (
            f"{surface.x_axis} %{{x:.3~g}}<br>{surface.y_axis} %{{y:.3~g}}"
            f"<br>{surface.z_axis} %{{z:.4~g}}<extra></extra>"
        ),
    }
    top = high + _OVER * (high - low)
    stick = _path([x0, x0], [y0, y0], [low, top], surface.mark_label, "solid", 7)
    stick |= {"mode": "lines+text", "text": ["", surface.mark_label], "textposition": "top center"}
    stick["textfont"] = {"color": "var(--ink)", "size": 14}
    dot = {
        **_path([x0], [y0], [here + lift], surface.mark_label, "solid", 1),
        "mode": "markers",
        "marker": {"symbol": "diamond", "size": 6, "color": "var(--ink)"},
    }
    return [
        mesh,
        _path(surface.x, np.full_like(surface.x, y0), surface.z[row] + lift, "x", "solid", 5),
        _path(np.full_like(surface.y, x0), surface.y, surface.z[:, column] + lift, "y", "dash", 5),
        stick,
        dot,
    ]


def _flat(surface: Surface) -> list[dict[str, Any]]:
    low, high = span_of(surface)
    row, column = surface.marked
    x0, y0 = float(surface.x[column]), float(surface.y[row])
    line = {"color": "var(--ink)", "width": 2}
    ends = [float(surface.x[0]), float(surface.x[-1])], [float(surface.y[0]), float(surface.y[-1])]
    return [
        {
            "type": "contour",
            "x": surface.x.tolist(),
            "y": surface.y.tolist(),
            "z": _cells(surface),
            "colorscale": _SHADES,
            "showscale": False,
            "contours": {
                **_levels(low, high),
                "showlabels": True,
                "labelfont": {"color": "var(--ink)", "size": 12},
            },
            "line": {"color": "var(--surface-line)", "width": 1},
            "hovertemplate": f"{surface.z_axis} %{{z:.4~g}}<extra></extra>",
        },
        {"type": "scatter", "mode": "lines", "x": ends[0], "y": [y0, y0], "line": line}
        | {"hoverinfo": "skip"},
        {"type": "scatter", "mode": "lines", "x": [x0, x0], "y": ends[1], "hoverinfo": "skip"}
        | {"line": line | {"dash": "dash"}},
        {"type": "scatter", "mode": "markers+text", "x": [x0], "y": [y0], "hoverinfo": "skip"}
        | {"text": [surface.mark_label], "textposition": "top right"}
        | {"textfont": {"color": "var(--ink)", "size": 14}}
        | {"marker": {"symbol": "diamond", "size": 11, "color": "var(--ink)"}},
    ]


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "nticks": 5,
        "color": "var(--muted)",
        "gridcolor": "var(--grid)",
        "linecolor": "var(--rule)",
        "zeroline": False,
        "exponentformat": "power",
    }


def surface_figures(surfaces: Sequence[Surface]) -> dict[str, dict[str, Any]]:
    """Every surface by the id of its figure."""
    return {ident_of(surface): _figure(surface) for surface in surfaces}


def _figure(surface: Surface) -> dict[str, Any]:
    """Both forms in Plotly's schema: `data` and `layout`, and under `flat` those of the map."""
    shared = page_colours(size=12)
    wall = {"showbackground": False, "tickfont": {"size": 11}}
    scene = {
        "xaxis": _axis(surface.x_axis) | wall,
        "yaxis": _axis(surface.y_axis) | wall,
        "zaxis": _axis(surface.z_axis) | wall,
        "aspectmode": "manual",
        "aspectratio": {"x": 1, "y": 1, "z": 0.7},
        "camera": {"eye": {"x": 1.2, "y": -1.45, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.1}},
    }
    flat = {
        "xaxis": _axis(surface.x_axis) | {"automargin": True},
        "yaxis": _axis(surface.y_axis) | {"automargin": True},
        "margin": {"l": 60, "r": 16, "t": 16, "b": 48},
    }
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return {
        "data": _solid(surface),
        "layout": shared | {"scene": scene, "margin": margin},
        "flat": {"data": _flat(surface), "layout": shared | flat},
    }
