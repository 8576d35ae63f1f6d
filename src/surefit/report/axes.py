"""Axes and layout in Plotly's schema, in the style of the page."""

from __future__ import annotations

from typing import Any

from surefit.report.symbols import symbols

__all__ = ["axis", "base_layout"]


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


def base_layout(x_axis: dict[str, Any], y_axis: dict[str, Any]) -> dict[str, Any]:
    """What all plots have in common: no legend of Plotly's own, colours of the page."""
    return {
        "xaxis": x_axis,
        "yaxis": y_axis,
        "showlegend": False,
        "separators": ".\u202f",
        "hoverlabel": {
            "bgcolor": "var(--card)",
            "bordercolor": "var(--rule)",
            "font": {"color": "var(--ink)"},
            "namelength": 34,
        },
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "var(--ink)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": "var(--muted)",
            "activecolor": "var(--ink)",
        },
        "margin": {"l": 60, "r": 28, "t": 30, "b": 48},
    }
