"""The scaling law of the width: how the width that is enough grows with the number of samples."""

from __future__ import annotations

import math

import numpy as np

from surefit.core.laws import PowerLaw, fit_power_law, phase_grid
from surefit.report.figures.boundaries import (
    PROBABILITIES,
    SUCCESS,
    boundaries,
    numbers,
    unbracketed,
)
from surefit.report.figures.chart import Chart, Mark
from surefit.report.figures.families import Family
from surefit.report.numbers import number

__all__ = ["law_marks", "law_words", "threshold_chart"]

# An interval of 95 % is so many standard errors wide.
_WIDE = 2 * 1.96
_FINE = 60


def law_words(law: PowerLaw) -> str:
    """The exponent with its interval; of two points, that they do not give one."""
    exponent = number(law.exponent)
    if not math.isfinite(law.exponent_high):
        return f"{exponent} (two points, hence without an interval)"
    return f"{exponent} ({number(law.exponent_low)} to {number(law.exponent_high)})"


def law_marks(law: PowerLaw, first: float, last: float, colour: int, label: str) -> list[Mark]:
    """The line of a power law between two positions, and its band where it has one."""
    at = np.geomspace(first, last, _FINE)
    line = Mark(label, at, law.predict(at), kind="line", colour=colour, dash="dash")
    if not math.isfinite(law.exponent_high):
        return [line]
    low, high = law.band(at)
    band = Mark(label, at, law.predict(at), low, high, kind="band", colour=colour)
    return [band, line]


def threshold_chart(family: Family, success: str) -> Chart | None:
    """The width that is enough over the number of samples, with the power law through it.

    Args:
        family: the runs.
        success: the column that says what succeeded.

    Returns:
        The chart; None where fewer than two numbers of samples were tried with several widths.
    """
    grid = phase_grid(family.rows, "samples", "width", success)
    found = {p: boundaries(grid, p) for p in PROBABILITIES}
    if min(map(len, found.values())) < 2:
        return None
    marks, notes = [], []
    for index, (p, items) in enumerate(found.items()):
        inside = {n: t for n, t in items.items() if t.sense == "bracketed"}
        if not inside:
            notes.append(f"No width for probability {p:g} is bracketed by the runs.")
            continue
        at = np.asarray(list(inside), np.float64)
        value, low, high = (
            np.asarray([getattr(t, name) for t in inside.values()], np.float64)
            for name in ("value", "low", "high")
        )
        marks.append(Mark(f"probability {p:g}", at, value, low, high, kind="points", colour=index))
        if len(inside) < 2:
            notes.append(f"One bracketed width for probability {p:g} gives no law.")
            continue
        # A bracket is no narrower than the widths that were tried.
        sigma = np.maximum(np.log(high / low) / _WIDE, 1e-3)
        law = fit_power_law(at, value, sigma)
        marks += law_marks(law, at[0], at[-1], index, f"probability {p:g}")
        notes.append(
            f"With probability {p:g} the width that is enough grows like "
            f"n to the power {law_words(law)}, by {law.points} numbers of samples."
        )
    if not marks:
        return None
    return Chart(
        ident=f"threshold-{success}",
        title="How the width that is enough grows",
        about=f"The width from which on {SUCCESS[success]} with probability 0.5 and 0.9, with "
        "95 % intervals, and the power law through it with its 95 % band. Only widths that the "
        "runs bracket are drawn and fitted.",
        x_axis="samples n",
        y_axis="width m",
        marks=tuple(marks),
        x_ticks=tuple(map(float, grid.x)),
        y_ticks=tuple(map(float, grid.y)),
        notes=(*notes, *unbracketed(found)),
        tables=(numbers(found),),
    )
