"""The verdict in one sentence, how the run ended, and the numbers that one looks for first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surefit.core.record import RunRecord
from surefit.core.trajectory import Status
from surefit.report.banner import verdict_banner
from surefit.report.markup import Html, element
from surefit.report.numbers import decade, duration, figure, number
from surefit.report.timelines import time_axis

__all__ = ["at_a_glance", "banner", "measured_rate"]

WORDS = {True: "Holds", False: "Does not hold", None: "Cannot say"}

ENDINGS = {
    Status.TARGET_REACHED: "reached its target after",
    Status.STEPS_DONE: "made all its",
    Status.DIVERGED: "diverged after",
    Status.INTERRUPTED: "was interrupted after",
}


def _ending(record: RunRecord) -> Html:
    run = record.trajectory
    unit = "steps" if time_axis(record) == "step" else "units of time"
    text = f"Training {ENDINGS[run.status]} {number(run.steps)} {unit}, in {duration(run.seconds)}."
    warn = run.status in (Status.DIVERGED, Status.INTERRUPTED)
    return element(
        "p", text, f" {run.message}" if run.message else None, class_="alert" if warn else "note"
    )


def banner(record: RunRecord) -> Html:
    """The verdict: a shape, a word and a sentence."""
    sentence = record.verdict or "No verdict was recorded."
    return verdict_banner(record.holds, WORDS[record.holds], sentence, _ending(record))


def measured_rate(record: RunRecord) -> float | None:
    """The average factor per step by which the squared residual shrank; None if it did not."""
    series = record.trajectory.series.get("squared_residual")
    if series is None or len(series.times) < 2:
        return None
    span = float(series.times[-1] - series.times[0])
    first, last = float(series.values[0]), float(series.values[-1])
    if not (math.isfinite(last) and 0 < last < first and span > 0):
        return None
    return math.exp(math.log(last / first) / span)


def _finals(record: RunRecord) -> list[tuple[str, Any]]:
    """Final values of the scalar series that one asks for first."""
    names = {
        "squared_residual": "final squared residual",
        "accuracy": "training accuracy",
        "gram_smallest": "smallest Gram eigenvalue, at the end",
    }
    found: list[tuple[str, Any]] = []
    for name, label in names.items():
        series = record.trajectory.series.get(name)
        if series is None or np.ndim(series.values) != 1 or not len(series.values):
            continue
        last = float(series.last)
        percent = f"{number(100 * last)} %" if name == "accuracy" else None
        found.append((label, figure(last, percent if math.isfinite(last) else None)))
    return found


def at_a_glance(record: RunRecord) -> Html:
    """A row of tiles: the size of the problem and how the run ended."""
    facts = record.problem
    tiles: list[tuple[str, Any]] = [
        (label, figure(facts[key]))
        for key, label in (
            ("samples", "samples n"),
            ("width", "width m"),
            ("parameters", "parameters p"),
        )
        if isinstance(facts.get(key), int | float)
    ]
    tiles += _finals(record)
    every = decade(measured_rate(record))
    if every is not None:
        unit = "steps" if time_axis(record) == "step" else "units of time"
        tiles.append((f"{unit} for a tenfold decrease of the squared residual", figure(every)))
    if not tiles:
        return Html("")
    return element(
        "dl",
        [element("div", element("dt", label), element("dd", shown)) for label, shown in tiles],
        class_="tiles",
    )
