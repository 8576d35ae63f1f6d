"""The cards of surfaces: the figure with buttons that turn it, and its numbers in a table."""

from __future__ import annotations

from collections.abc import Sequence

from surefit.core.surface import Surface
from surefit.report.markup import Html, element, heading, table
from surefit.report.numbers import figure, number
from surefit.report.surface_figure import ident_of, span_of
from surefit.report.symbols import symbols

__all__ = ["surface_cards"]

_TURNS = (("left", "Turn left"), ("right", "Turn right"), ("up", "From above"), ("back", "Reset"))


def _description(surface: Surface) -> str:
    low, high = span_of(surface)
    row, column = surface.marked
    return (
        f"Surface of {surface.z_axis} over {surface.x_axis} and {surface.y_axis}: "
        f"{number(float(surface.z[row, column]))} at the marked point, {surface.mark_label}; "
        f"between {number(low)} and {number(high)} elsewhere. Its numbers are in the table below."
    )


def _buttons(ident: str) -> Html:
    turns = [
        element("button", text, type="button", data_turn=way, data_plot=ident)
        for way, text in _TURNS
    ]
    flat = element(
        "button", "Map", type="button", data_plot=ident, data_flat=True, aria_pressed="false"
    )
    return element(
        "div", turns, flat, class_="turn", role="group", aria_label="View of the surface"
    )


def _card(surface: Surface) -> Html:
    ident = ident_of(surface)
    rows = [[symbols(name), figure(value)] for name, value in surface.numbers]
    return element(
        "figure",
        element("figcaption", heading(3, surface.title), element("p", symbols(surface.about))),
        element(
            "div",
            class_="plot solid",
            role="img",
            aria_label=_description(surface),
            data_plot=ident,
            data_time="no",
        ),
        _buttons(ident),
        element(
            "details",
            element("summary", "The numbers behind this surface"),
            table(f"Numbers of {surface.title}", ["what", "value"], rows),
            class_="numbers",
        )
        if rows
        else None,
        id=ident,
        class_="card",
    )


def surface_cards(surfaces: Sequence[Surface]) -> Html:
    """One card per surface."""
    return element("div", [_card(surface) for surface in surfaces], class_="grid surfaces")
