"""How the smallest eigenvalue of the tangent kernel shrinks with the number of samples."""

from __future__ import annotations

import numpy as np

from surefit.core.laws import fit_power_law
from surefit.report.figures.chart import Chart, Mark, Numbers
from surefit.report.figures.families import Family
from surefit.report.figures.thresholds import law_marks, law_words
from surefit.report.numbers import number

__all__ = ["eigenvalue_chart"]

_COLUMNS = ("kernel", "samples", "median", "smallest", "largest")


def _sources(family: Family) -> list[tuple[str, str, float | int | None]]:
    """Column, label and width of what is drawn: the limit, and the widest networks."""
    found: list[tuple[str, str, float | int | None]] = [
        ("lambda_min_limit", "limit kernel (infinite width)", None)
    ]
    widths = family.values("width")
    if widths:
        label = f"networks of width {number(widths[-1])}, at the start"
        found.append(("lambda_min_initial", label, widths[-1]))
    return found


def eigenvalue_chart(family: Family) -> Chart | None:
    """Smallest eigenvalues over samples; None where fewer than two numbers of samples have them."""
    marks, notes, rows = [], [], []
    for colour, (name, label, width) in enumerate(_sources(family)):
        found: dict[float, list[float]] = {}
        for row in family.rows:
            value, samples = row.get(name), row.get("samples")
            if width is not None and row.get("width") != width:
                continue
            if value is not None and value > 0.0 and samples is not None:
                found.setdefault(float(samples), []).append(float(value))
        if len(found) < 2:
            continue
        found = dict(sorted(found.items()))
        at = np.asarray(list(found))
        middle, low, high = (
            np.asarray([float(pick(values)) for values in found.values()])
            for pick in (np.median, np.min, np.max)
        )
        marks.append(Mark(label, at, middle, low, high, kind="points", colour=colour))
        law = fit_power_law(at, middle)
        marks += law_marks(law, at[0], at[-1], colour, label)
        notes.append(f"Of the {label}, it changes like n to the power {law_words(law)}.")
        rows += [
            (label, int(n), float(m), float(a), float(b))
            for n, m, a, b in zip(at, middle, low, high, strict=True)
        ]
    if not marks:
        return None
    return Chart(
        ident="eigenvalues",
        title="Smallest eigenvalue of the tangent kernel",
        about="Medians over the runs, bars from the smallest to the largest, and the power law "
        "through the medians with its 95 % band. It is the rate of the slowest direction.",
        x_axis="samples n",
        y_axis="λ_min",
        marks=tuple(marks),
        x_ticks=tuple(sorted({float(row["samples"]) for row in family.rows if row["samples"]})),
        notes=tuple(notes),
        tables=(Numbers("Smallest eigenvalues over the runs", _COLUMNS, tuple(rows)),),
    )
