"""What becomes of training as networks widen: steps until the target, and the rate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from surefit.core.laws import fit_power_law
from surefit.report.figures.chart import Chart, Mark, Numbers
from surefit.report.figures.families import Family
from surefit.report.figures.thresholds import law_marks, law_words
from surefit.report.numbers import number

__all__ = ["rate_chart", "steps_chart"]

Row = Mapping[str, Any]
_MOST = 6
_COLUMNS = ("samples", "width", "median", "smallest", "largest", "runs")


def _exponent(row: Row, name: str) -> float | None:
    """A rate as the exponent of the decay, which both descent and flow have."""
    rate = row.get(name)
    if rate is None or not rate > 0.0:
        return None
    if row.get("method") == "gradient_flow":
        return float(rate)
    return -math.log(rate) if rate < 1.0 else None


def _steps(row: Row) -> float | None:
    steps = row.get("steps")
    return float(steps) if row.get("converged") and steps and steps > 0 else None


def _groups(
    family: Family, measure: Callable[[Row], float | None]
) -> dict[int, dict[float, list[float]]]:
    """Samples -> width -> what was measured in the runs, at most six numbers of samples."""
    groups: dict[int, dict[float, list[float]]] = {}
    for row in family.rows:
        value = measure(row)
        if value is None or row.get("width") is None or row.get("samples") is None:
            continue
        groups.setdefault(row["samples"], {}).setdefault(float(row["width"]), []).append(value)
    many = sorted(groups)
    chosen = np.unique(np.linspace(0, len(many) - 1, min(_MOST, len(many))).round().astype(int))
    return {many[i]: dict(sorted(groups[many[i]].items())) for i in chosen} if many else {}


def _points(samples: int, found: Mapping[float, list[float]], colour: int) -> Mark:
    return Mark(
        f"{number(samples)} samples",
        np.asarray(list(found)),
        np.asarray([float(np.median(values)) for values in found.values()]),
        np.asarray([min(values) for values in found.values()]),
        np.asarray([max(values) for values in found.values()]),
        kind="points",
        colour=colour,
        texts=tuple(f"{len(v)} run{'s' if len(v) > 1 else ''}" for v in found.values()),
    )


def _chart(
    family: Family, measure: Callable[[Row], float | None], quantity: str, **words: Any
) -> Chart | None:
    groups = _groups(family, measure)
    if max((len(found) for found in groups.values()), default=0) < 2:
        return None
    marks, notes, rows = [], [], []
    for colour, (samples, found) in enumerate(groups.items()):
        marks.append(_points(samples, found, colour))
        rows += [
            (samples, width, float(np.median(v)), min(v), max(v), len(v))
            for width, v in found.items()
        ]
        at = np.asarray([width for width, values in found.items() for _ in values])
        values = np.asarray([value for values in found.values() for value in values])
        if len(found) < 2:
            continue
        law = fit_power_law(at, values)
        marks += law_marks(law, min(found), max(found), colour, f"{number(samples)} samples")
        notes.append(
            f"With {number(samples)} samples {quantity} like m to the power {law_words(law)}, by "
            f"{law.points} runs."
        )
    widths = sorted({width for found in groups.values() for width in found})
    return Chart(
        x_axis="width m",
        marks=tuple(marks),
        x_ticks=tuple(widths),
        notes=tuple(notes),
        tables=(Numbers("Medians over the runs", _COLUMNS, tuple(rows)),),
        **words,
    )


def steps_chart(family: Family) -> Chart | None:
    """Steps until the target over width; None where no two widths have converged runs."""
    return _chart(
        family,
        _steps,
        "the number of steps until the target changes",
        ident="steps",
        title="Steps until the target",
        about="Medians over the runs that converged, bars from the fastest to the slowest, and a "
        "power law through all of them with its 95 % band. For gradient flow it is time.",
        y_axis="steps until the target",
    )


def rate_chart(family: Family) -> Chart | None:
    """The measured rate over width, with that of the kernel at the start."""
    chart = _chart(
        family,
        lambda row: _exponent(row, "rate_measured"),
        "the rate changes",
        ident="rate",
        title="Rate of convergence",
        about="The exponent of the decay of the squared residual per step (for gradient flow per "
        "unit of time), over the second half of training: medians, bars from the slowest to the "
        "fastest run, and a power law with its 95 % band. Dotted: the slowest direction of the "
        "kernel at the start.",
        y_axis="rate per step",
    )
    if chart is None:
        return None
    lines = []
    expected = _groups(family, lambda row: _exponent(row, "rate_kernel"))
    colours = {n: i for i, n in enumerate(_groups(family, lambda r: _exponent(r, "rate_measured")))}
    for samples, found in expected.items():
        if samples in colours:
            lines.append(
                Mark(
                    "kernel at the start",
                    np.asarray(list(found)),
                    np.asarray([float(np.median(values)) for values in found.values()]),
                    kind="line",
                    colour=colours[samples],
                    dash="dot",
                    faint=True,
                )
            )
    return dataclasses.replace(chart, marks=(*chart.marks, *lines))
