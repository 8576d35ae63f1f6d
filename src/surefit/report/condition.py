"""The history of C: how far a certificate was while the network was trained and polished."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surefit.core.condition_history import ConditionHistory, Moment, first_below
from surefit.core.record import RunRecord
from surefit.report.gallery import plot_card
from surefit.report.markup import Html, element, section
from surefit.report.numbers import number
from surefit.report.plot import Line, Plot
from surefit.report.symbols import symbols
from surefit.report.timelines import time_axis

__all__ = ["condition", "condition_plots"]

LEVEL_POINTS = 101  # many, or each would be drawn as a measured one


def condition_plots(record: RunRecord) -> list[Plot]:
    """C over training, and over the steps of a polish."""
    history = record.conditions
    if history is None:
        return []
    found = []
    if len(history.training) > 1:
        found.append(
            _plot(
                history.training,
                "condition-training",
                "How far was a certificate during training?",
                time_axis(record),
                log_x=True,
            )
        )
    if len(history.polishing) > 1:
        found.append(
            _plot(
                history.polishing,
                "condition-polishing",
                "How far was a certificate while polishing?",
                "polishing step",
            )
        )
    return found


def _plot(
    moments: Sequence[Moment], ident: str, title: str, x_axis: str, log_x: bool = False
) -> Plot:
    x = np.array([moment.time for moment in moments])
    y = np.array([moment.condition for moment in moments])
    fired = first_below(tuple(moments))
    # On a logarithmic axis there is no room for the start.
    level = np.linspace(x[0], x[-1], LEVEL_POINTS)
    lines = [
        Line("measured C", x, y, width=3.0),
        Line(
            "C = 1: below, a certificate holds",
            level,
            np.ones(LEVEL_POINTS),
            "var(--no)",
            "dot",
            1.8,
            promised=True,
        ),
    ]
    if fired is not None:
        lines.append(
            Line(
                f"the certificate fires ({x_axis} {number(fired.time)})",
                np.array([fired.time]),
                np.array([fired.condition]),
                "var(--line-3)",
                symbol="diamond",
                promised=True,
            )
        )
    return Plot(
        ident=ident,
        title=title,
        about=(
            "C = 2Λ‖r‖/σ²: twice the residual norm times the Lipschitz constant of the Jacobian, "
            "over the square of its least singular value. Where C is below 1, gradient descent "
            "from these weights is certain to reach zero loss."
        ),
        x_axis=x_axis,
        y_axis="condition C",
        lines=tuple(lines),
        log_x=log_x,
        log_y=True,
        over_time=log_x,
    )


def condition(record: RunRecord, plots: Sequence[Plot]) -> Html:
    """The section about the history of C; empty where the run has none.

    Args:
        record: the run.
        plots: of `condition_plots`.
    """
    history = record.conditions
    if history is None:
        return Html("")
    return section(
        "condition",
        "How far a certificate was",
        element("p", symbols(_told(history, time_axis(record)))),
        element("div", [plot_card(plot, wide=len(plots) == 1) for plot in plots], class_="grid")
        if plots
        else None,
    )


def _told(history: ConditionHistory, unit: str) -> str:
    """The history in a sentence."""
    if history.absent:
        return f"The condition C of the certificates was not followed. {history.absent}"
    parts = ["A certificate about the saved weights holds where C is below 1."]
    last = history.training[-1]
    if history.fired is not None:
        parts.append(
            f"While training, C was first seen below 1 at {unit} {number(history.fired.time)}, "
            f"and ended at {number(last.condition)}."
        )
    elif np.isfinite(last.condition):
        parts.append(
            f"At the end of training C was {number(last.condition)}: the residual norm "
            f"{number(last.residual)} was so many times too large."
        )
    else:
        parts.append(
            "At the end of training J was not onto within rounding, so that C was infinite."
        )
    if history.polishing:
        fired = history.fired_polishing
        parts.append(
            "Polishing did not bring it below 1."
            if fired is None
            else f"Behind polishing step {fired.time:.0f} C was {number(fired.condition)}."
        )
    return " ".join(parts)
