"""The widths from which on runs succeed with a given probability, by samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from surefit.core.laws import PhaseGrid, Threshold, width_threshold
from surefit.report.figures.chart import Numbers
from surefit.report.numbers import number

__all__ = ["PROBABILITIES", "SUCCESS", "boundaries", "numbers", "unbracketed"]

PROBABILITIES = (0.5, 0.9)
SUCCESS = {"converged": "training ended at its target", "proved": "a certificate was proved"}
_COLUMNS = ("samples", "probability", "width", "from", "to", "what is known")
SENSES = {
    "below": "at or below the narrowest width tried",
    "above": "above the widest width tried",
    "unclear": "not bracketed: too few runs, or an end of its interval outside",
}


def boundaries(grid: PhaseGrid, probability: float) -> dict[float, Threshold]:
    """Samples -> the width from which on runs succeed with this probability.

    Numbers of samples that were tried with one width only are left out.
    """
    found = {}
    for index, samples in enumerate(grid.x):
        trials = grid.trials[index]
        if int(np.sum(trials > 0)) > 1:
            found[float(samples)] = width_threshold(
                grid.y, grid.successes[index], trials, probability
            )
    return found


def unbracketed(found: Mapping[float, Mapping[float, Threshold]]) -> list[str]:
    """A sentence on every width that the runs do not bracket."""
    notes = []
    for probability, items in found.items():
        for sense, words in SENSES.items():
            at = [number(n) for n, item in items.items() if item.sense == sense]
            if at:
                notes.append(
                    f"The width for probability {probability:g} is {words} for "
                    f"{', '.join(at)} samples."
                )
    return notes


def numbers(found: Mapping[float, Mapping[float, Threshold]]) -> Numbers:
    """The thresholds as a table."""
    rows = tuple(
        (int(n), p, item.value, item.low, item.high, item.sense)
        for p, items in found.items()
        for n, item in items.items()
    )
    return Numbers("Widths that are enough, with 95 % intervals", _COLUMNS, rows)
