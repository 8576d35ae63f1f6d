"""How often runs succeeded where only their width varies, or only their number of samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from surefit.core.laws import PhaseGrid, success_interval
from surefit.report.figures.boundaries import PROBABILITIES, SUCCESS, boundaries, unbracketed
from surefit.report.figures.chart import Chart, Mark, Numbers
from surefit.report.figures.demanded import Demand, by_samples, outside
from surefit.report.numbers import number

__all__ = ["success_chart"]


def success_chart(
    grid: PhaseGrid, success: str, demands: Iterable[tuple[float | int, Sequence[Demand]]]
) -> Chart:
    """The share of successes over width, or over samples where there is one width only."""
    over_width = len(grid.x) == 1
    at = np.asarray(grid.y if over_width else grid.x, np.float64)
    hits, of = grid.successes.reshape(-1), grid.trials.reshape(-1)
    ends = [success_interval(int(a), int(b)) for a, b in zip(hits, of, strict=True)]
    share = np.where(of > 0, hits / np.maximum(of, 1), np.nan)
    fixed = f"{number(grid.x[0])} samples" if over_width else f"width {number(grid.y[0])}"
    missing = "numbers of samples" if over_width else "widths"
    found = {p: boundaries(grid, p) for p in PROBABILITIES} if over_width else {}
    found = {p: items for p, items in found.items() if items}
    widest = float(max(grid.y))
    top = found.get(PROBABILITIES[-1], {})
    reached = {n: t.value for n, t in top.items() if t.sense == "bracketed"}
    beyond, asked = outside(by_samples(demands), reached, widest)
    texts = tuple(f"{a} of {b} succeeded" for a, b in zip(hits, of, strict=True))
    sentences = [
        f"The width for probability {p:g} is {number(t.value)} ({number(t.low)} to "
        f"{number(t.high)})."
        for p, items in found.items()
        for t in items.values()
        if t.sense == "bracketed"
    ]
    return Chart(
        ident=f"phase-{success}",
        title="Probability of success",
        about=f"The share of runs in which {SUCCESS[success]}, with 95 % intervals. All runs have "
        f"{fixed}; a phase diagram needs two or more {missing}.",
        x_axis="width m" if over_width else "samples n",
        y_axis="share of successes",
        marks=(
            Mark(
                "runs",
                at,
                share.astype(np.float64),
                np.asarray([low for low, _ in ends]),
                np.asarray([high for _, high in ends]),
                colour=0,
                texts=texts,
            ),
        ),
        log_y=False,
        x_ticks=tuple(at.tolist()),
        y_range=(-0.03, 1.03),
        notes=(*sentences, *unbracketed(found), *beyond),
        tables=(
            Numbers(
                "Successes",
                ("width" if over_width else "samples", "successes", "runs"),
                tuple((float(x), int(a), int(b)) for x, a, b in zip(at, hits, of, strict=True)),
            ),
            *asked,
        ),
        wide=True,
    )
