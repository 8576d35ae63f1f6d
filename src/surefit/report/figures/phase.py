"""Phase diagrams: how often runs succeeded, by samples and width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from surefit.core.laws import PhaseGrid, Threshold, phase_grid, success_interval
from surefit.report.figures.boundaries import (
    PROBABILITIES,
    SUCCESS,
    boundaries,
    numbers,
    unbracketed,
)
from surefit.report.figures.chart import Cells, Chart, Mark
from surefit.report.figures.demanded import NEAR, Demand, by_samples, outside
from surefit.report.figures.families import Family
from surefit.report.figures.scale import even_on_log
from surefit.report.figures.single import success_chart
from surefit.report.numbers import number

__all__ = ["phase_chart"]

_DASH = {0.5: "dash", 0.9: "solid"}
_WORDY = 150


def phase_chart(
    family: Family, success: str, demands: Iterable[tuple[float | int, Sequence[Demand]]] = ()
) -> Chart | None:
    """The share of successful runs over samples and width; over one of them where only it varies.

    Args:
        family: the runs.
        success: the column that says what succeeded, `converged` or `proved`.
        demands: for runs of the family their samples, and what results ask of the width.

    Returns:
        The chart; None where no run has a width, a number of samples and an outcome.
    """
    grid = phase_grid(family.rows, "samples", "width", success)
    if not grid.trials.size:
        return None
    if len(grid.x) == 1 or len(grid.y) == 1:
        return success_chart(grid, success, demands)
    return _plane(grid, success, demands)


def _cells(grid: PhaseGrid) -> Cells:
    share = grid.probability
    counts = [
        [(int(grid.successes[i, j]), int(grid.trials[i, j])) for i in range(len(grid.x))]
        for j in range(len(grid.y))
    ]
    texts = tuple(
        tuple(_cell_text(grid.x[i], grid.y[j], *pair) for i, pair in enumerate(row))
        for j, row in enumerate(counts)
    )
    wordy = share.size <= _WORDY
    words = tuple(
        tuple(f"{hits}/{of}" if of and wordy else "" for hits, of in row) for row in counts
    )
    return Cells(
        tuple(map(float, grid.x)), tuple(map(float, grid.y)), share.T, words, texts, "success"
    )


def _cell_text(samples: float | int, width: float | int, hits: int, of: int) -> str:
    if not of:
        return ""
    low, high = success_interval(hits, of)
    return (
        f"{number(samples)} samples, width {number(width)}: {hits} of {of} succeeded "
        f"(probability {low:.2f} to {high:.2f})"
    )


def _boundary(found: Mapping[float, Threshold], probability: float) -> Mark | None:
    inside = {n: item for n, item in found.items() if item.sense in ("bracketed", "unclear")}
    if not inside:
        return None
    values = np.asarray([item.value for item in inside.values()])
    low = np.asarray([item.low if item.low > 0 else np.nan for item in inside.values()])
    high = np.asarray([item.high for item in inside.values()])
    return Mark(
        f"probability {probability:g}",
        np.asarray(list(inside), np.float64),
        values,
        np.where(np.isfinite(low), low, values),
        np.where(np.isfinite(high), high, values),
        colour=1 if probability == PROBABILITIES[-1] else -1,
        dash=_DASH.get(probability, "solid"),
        texts=tuple(
            f"width {number(item.value)} ({number(item.low)} to {number(item.high)})"
            for item in inside.values()
        ),
    )


def _demand_marks(
    demands: Mapping[tuple[str, bool], Mapping[float, float]], grid: PhaseGrid
) -> dict[str, Mark]:
    """Result -> the curve of what it asks for, as far as that lies inside of the picture."""
    low, high = min(grid.y) / NEAR, max(grid.y) * NEAR
    marks: dict[str, Mark] = {}
    for (result, unstated), widths in demands.items():
        inside = {n: w for n, w in widths.items() if low <= w <= high}
        if inside:
            marks[result] = Mark(
                f"{result} asks for{', hidden constant 1' if unstated else ''}",
                np.asarray(list(inside), np.float64),
                np.asarray(list(inside.values()), np.float64),
                colour=2 + len(marks) % 4,
                dash="dot",
            )
    return marks


def _plane(
    grid: PhaseGrid, success: str, demands: Iterable[tuple[float | int, Sequence[Demand]]]
) -> Chart:
    found = {p: boundaries(grid, p) for p in PROBABILITIES}
    asked_for = by_samples(demands)
    curves = _demand_marks(asked_for, grid)
    reached = {n: t.value for n, t in found[PROBABILITIES[-1]].items() if t.sense == "bracketed"}
    beyond, asked = outside(asked_for, reached, float(max(grid.y)), curves)
    lines = [_boundary(items, p) for p, items in found.items()]
    return Chart(
        ident=f"phase-{success}",
        title="Phase diagram",
        about=f"Each cell is a number of samples and a width: its colour is the share of runs in "
        f"which {SUCCESS[success]}. The lines are the widths from which on that happens with "
        "probability 0.5 and 0.9, with 95 % intervals.",
        x_axis="samples n",
        y_axis="width m",
        log_x=even_on_log(grid.x),
        log_y=even_on_log(grid.y),
        marks=(*(line for line in lines if line is not None), *curves.values()),
        cells=_cells(grid),
        x_ticks=tuple(map(float, grid.x)),
        y_ticks=tuple(map(float, grid.y)),
        notes=(*unbracketed(found), *beyond),
        tables=(numbers(found), *asked),
        wide=True,
    )
