"""Width, step and iterations that results on deep networks ask for, beside what was enough."""

from __future__ import annotations

from typing import Any

from surefit.core.demands import Demands, ResultDemand
from surefit.report.marks import unstated
from surefit.report.markup import Html, element, table
from surefit.report.numbers import figure, number
from surefit.report.symbols import symbols

__all__ = ["demand_tables"]

COLUMNS = ("result", "width", "step", "iterations", "where from")
CONDITIONS = ("result", "condition on the width", "width", "binds")


def _asked(size: float | None, gap: float | None, words: str) -> Html:
    if size is None:
        return element("span", "none stated", class_="quiet")
    aside = element("small", f"{number(gap)} times {words}") if gap is not None else None
    return element("span", figure(size), aside, class_="two")


def _row(row: ResultDemand) -> list[Any]:
    return [
        element("span", row.result, element("small", symbols(row.note)), class_="two"),
        _asked(row.width, row.gaps["width"], "as wide"),
        _asked(row.step, row.gaps["step"], "shorter"),
        _asked(row.iterations, row.gaps["iterations"], "as many"),
        element(
            "span", f"{row.network}; {row.dynamics.replace('_', ' ')}; {row.provenance} ",
            unstated(row.unstated),
        ),
    ]  # fmt: skip


def _enough(demands: Demands) -> list[Any]:
    words = "what this run took" if demands.measured else "predicted by the kernel at the start"
    return [
        element("strong", "enough here"),
        figure(demands.width),
        figure(demands.step),
        figure(demands.iterations),
        words,
    ]


def _conditions(demands: Demands) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for row in demands.rows:
        for place, (formula, width) in enumerate(row.conditions):
            binds = "binds" if formula == row.binding else ""
            name = row.result if place == 0 else element("span", row.result, class_="quiet")
            rows.append([name, symbols(formula), figure(width), binds])
    return rows


def demand_tables(demands: Demands | None) -> Html | None:
    """What every result asks for, and every condition on the width by name; None without."""
    if demands is None:
        return None
    return element(
        "div",
        element(
            "p",
            "What results on deep networks ask for to reach the loss at which the run ended, ",
            figure(demands.target_loss),
            ", on the data of this run: its separation and eigenvalues, and the constant 1 where a "
            "result hides one. Below every number, how many times that is of what was enough.",
        ),
        table(
            "To reach this loss: width, step and iterations",
            COLUMNS,
            [_enough(demands), *map(_row, demands.rows)],
        ),
        element("p", "The conditions behind each width, by name; the largest one binds."),
        table("Conditions on the width", CONDITIONS, _conditions(demands)),
    )
