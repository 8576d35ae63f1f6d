"""Axes and layout in Plotly's schema, in the style of the page."""

from __future__ import annotations

from typing import Any

from surefit.report.symbols import symbols

__all__ = ["axis", "base_layout", "page_colours"]


def axis(title: str, log: bool) -> dict[str, Any]:
    """An axis in the style of the page."""
    return {
        "title": {"text": symbols(title), "standoff": 8},
        "type": "log" if log else "linear",
        "nticks": 7,
        "exponentformat": "power",
        "showexponent": "all",
        "separatethousands": True,
        "automargin": True,
        "color": "var(--muted)",
        "gridcolor": "var(--grid)",
        "linecolor": "var(--rule)",
        "showline": True,
        "ticks": "outside",
        "tickcolor": "var(--rule)",
        "zeroline": False,
    }


def page_colours(size: int = 13) -> dict[str, Any]:
    """What all figures have in common: no legend of Plotly's own, colours of the page.

    Args:
        size: of the letters, in pixels.
    """
    return {
        "showlegend": False,
        "separators": ".\u202f",
        "hoverlabel": {
            "bgcolor": "var(--card)",
            "bordercolor": "var(--rule)",
            "font": {"color": "var(--ink)"},
        },
        "font": {"family": "system-ui, sans-serif", "size": size, "color": "var(--ink)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": "var(--muted)",
            "activecolor": "var(--ink)",
        },
    }


def base_layout(x_axis: dict[str, Any], y_axis: dict[str, Any]) -> dict[str, Any]:
    """The layout of a plot of lines, before its own parts."""
    shared = page_colours()
    return {
        "xaxis": x_axis,
        "yaxis": y_axis,
        **shared,
        "hoverlabel": {**shared["hoverlabel"], "namelength": 34},
        "margin": {"l": 60, "r": 28, "t": 30, "b": 48},
    }
