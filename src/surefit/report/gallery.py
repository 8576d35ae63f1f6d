"""The plots of the page: figures, their numbers in tables, and the data for the script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from surefit.core.record import RunRecord
from surefit.core.surface import Surface
from surefit.report.legend import legend
from surefit.report.markup import Html, element, heading, section, table
from surefit.report.numbers import figure, number
from surefit.report.plot import Line, Plot, broken_at, figure_json
from surefit.report.spectra import spectrum_plot
from surefit.report.surface_figure import surface_figures
from surefit.report.symbols import symbols
from surefit.report.timelines import timelines

__all__ = ["gallery", "plot_card", "plot_data", "plots_of", "tiled"]


def plots_of(record: RunRecord) -> list[Plot]:
    """Every plot of the page, in order."""
    spectrum = spectrum_plot(record)
    return [*timelines(record), *([spectrum] if spectrum else [])]


def plot_data(
    plots: list[Plot],
    surfaces: Sequence[Surface] = (),
    figures: Mapping[str, Any] | None = None,
) -> Html:
    """The plots as a JSON block that no record can break out of."""
    drawn = {plot.ident: figure_json(plot) for plot in plots} | surface_figures(surfaces)
    text = json.dumps(
        drawn | dict(figures or {}),
        allow_nan=False,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="plot-data">{text}</script>')


def _ends(line: Line) -> tuple[float, float]:
    """The first and the last finite value."""
    finite = line.y[np.isfinite(line.y)]
    return (float(finite[0]), float(finite[-1])) if finite.size else (np.nan, np.nan)


def _description(plot: Plot) -> str:
    """The plot in words, for readers who do not see it."""
    measured = [line for line in plot.lines if not line.promised]
    parts = []
    for line in measured[:3]:
        first, last = _ends(line)
        parts.append(f"{line.label} goes from {number(first)} to {number(last)}")
    if len(measured) > 3:
        parts.append(f"{len(measured) - 3} more measured lines")
    promised = len(plot.lines) - len(measured)
    if promised:
        parts.append(f"{promised} predicted {'line' if promised == 1 else 'lines'}")
    axes = f"Line plot of {plot.y_axis} over {plot.x_axis}"
    return f"{axes}: {'; '.join(parts)}. All numbers are in the table below the plot."


def _row(line: Line) -> list[Any]:
    finite = line.y[np.isfinite(line.y)]
    first, last = _ends(line)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    return [symbols(line.label), figure(first), figure(last), figure(low), figure(high)]


def _numbers(plot: Plot) -> Html:
    ranks = plot.x_axis.startswith("rank")
    ends = ("at rank 1", "at the last rank") if ranks else ("first", "last")
    columns = ["line", *ends, "smallest", "largest"]
    return element(
        "details",
        element("summary", "The numbers behind this plot"),
        table(f"The lines of this plot in numbers: {plot.y_axis}", columns, map(_row, plot.lines)),
        class_="numbers",
    )


def _notes(plot: Plot) -> list[Html]:
    notes = list(plot.notes)
    place = broken_at(plot)
    if place is not None and plot.diverged:
        notes.insert(
            0,
            f"From {plot.x_axis} {number(place)} on, a measured value is not a finite number: the "
            "run has diverged there, and the line ends.",
        )
    elif place is not None:
        notes.insert(
            0,
            f"Values that are not finite numbers, the first at {plot.x_axis} {number(place)}, are "
            "left out.",
        )
    return [element("p", note, class_="note") for note in notes]


def plot_card(plot: Plot, wide: bool) -> Html:
    """A plot with its legend and numbers; `wide` over the full width of the page."""
    return element(
        "figure",
        element("figcaption", heading(3, plot.title), element("p", plot.about)),
        element(
            "div",
            class_="plot",
            role="img",
            aria_label=_description(plot),
            data_plot=plot.ident,
            data_time="yes" if plot.over_time else "no",
        ),
        legend(plot),
        _notes(plot),
        _numbers(plot),
        id=plot.ident,
        class_="card wide" if wide else "card",
    )


def _switch() -> Html:
    """The choice between a linear and a logarithmic time axis, for all plots together."""
    names = {"each": "as it suits each plot", "linear": "linear", "log": "logarithmic"}
    choices = [
        element(
            "label",
            element("input", type="radio", name="time-axis", value=key, checked=key == "each"),
            element("span", name),
        )
        for key, name in names.items()
    ]
    return element("fieldset", element("legend", "Time axis"), choices, class_="switch")


def gallery(plots: list[Plot]) -> Html:
    """The section with all plots."""
    if not plots:
        return section("plots", "What was measured", element("p", "Nothing was measured."))
    return section(
        "plots",
        "What was measured",
        element(
            "p",
            "The thick line is what happened in the run; lines with markers are what the theorems "
            "say. A theorem that applies is drawn solid, one that may or may not apply dashed, one "
            "that does not apply dotted, and mostly hidden until its box is ticked.",
        ),
        *tiled(plots, "trajectory.npz"),
    )


def tiled(plots: list[Plot], file: str, wide: int = 1) -> tuple[Html, ...]:
    """The plots with the switch of their time axis, the first `wide` of them over the full width.

    Args:
        plots: what to show.
        file: where all numbers are.
        wide: how many plots are wide.
    """
    return (
        _switch() if any(plot.over_time for plot in plots) else Html(""),
        element(
            "noscript",
            element(
                "p",
                "The plots need JavaScript. Their numbers are in the tables below each plot, and "
                f"complete in {file} beside this page.",
                class_="note",
            ),
        ),
        element(
            "div",
            [plot_card(plot, index < wide) for index, plot in enumerate(plots)],
            class_="grid",
        ),
    )
