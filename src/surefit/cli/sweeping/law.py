"""The law that a grid is about: the least width at which cells succeed, over the samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surefit.core.laws import (
    PhaseGrid,
    PowerLaw,
    Threshold,
    fit_power_law,
    phase_grid,
    width_threshold,
)
from surefit.runs import CertifySpec
from surefit.runs.grid.cells import cell_words

__all__ = ["Law", "Series", "find_series", "width_words"]

_AXES = ("samples", "samples_per_class", "width", "seed")


@dataclasses.dataclass(frozen=True)
class Law:
    """Thresholds of the width, and the power of the samples that they follow.

    Args:
        thresholds: pairs of a number of samples and the width that it needs.
        power: None: fewer than two thresholds lie among the widths that were tried.
    """

    thresholds: tuple[tuple[int, Threshold], ...]
    power: PowerLaw | None

    @classmethod
    def of(cls, phase: PhaseGrid, probability: float) -> Law:
        """The law behind counts of successes.

        Args:
            phase: over samples and width.
            probability: of success, at the width that is looked for.
        """
        found = [
            (int(n), width_threshold(phase.y, successes, trials, probability))
            for n, successes, trials in zip(phase.x, phase.successes, phase.trials, strict=True)
        ]
        inside = [(n, one) for n, one in found if one.sense in ("bracketed", "unclear")]
        if len(inside) < 2:
            return cls(tuple(found), None)
        # Errors weigh the points where all are known; otherwise their scatter has to tell.
        known = all(0.0 < one.low < one.high < math.inf for _, one in inside)
        sigma = [math.log(one.high / one.low) / (2 * 1.96) for _, one in inside] if known else None
        power = fit_power_law([n for n, _ in inside], [one.value for _, one in inside], sigma)
        return cls(tuple(found), power)

    def words(self) -> str:
        """The power law in a line; why there is none."""
        if self.power is None:
            return "no law yet: it takes two numbers of samples whose width lies among those tried"
        power = self.power
        text = f"width = {power.constant:.3g} samples^{power.exponent:.2f}"
        if power.points < 3:
            return f"{text}, through 2 points: nothing is known of its error"
        low, high = power.exponent_low, power.exponent_high
        return f"{text}, exponent {low:.2f} to {high:.2f} (95 %), from {power.points} points"


@dataclasses.dataclass(frozen=True)
class Series:
    """The cells that differ in width, samples and seed only.

    Args:
        label: what they have in common and other series have not; empty: there is one series.
        phase: how often they succeeded.
    """

    label: str
    phase: PhaseGrid

    def law(self, probability: float) -> Law:
        """Its thresholds and their power."""
        return Law.of(self.phase, probability)


def width_words(threshold: Threshold) -> str:
    """The least width in a word or two."""
    if threshold.sense == "below":
        return f"<= {threshold.value:.0f}"
    if threshold.sense == "above":
        return f"> {threshold.value:.0f}"
    low = f"{threshold.low:.0f}" if threshold.low > 0 else "?"
    high = f"{threshold.high:.0f}" if math.isfinite(threshold.high) else "?"
    return f"{threshold.value:.0f} ({low} to {high})"


def find_series(
    cells: Sequence[CertifySpec],
    rows: Mapping[str, Mapping[str, Any]],
    varied: Iterable[str],
    success: str,
) -> list[Series]:
    """The finished cells of a grid, counted.

    Args:
        cells: of the grid.
        rows: run id -> tidy row of a finished cell.
        varied: the fields of the grid that have several values.
        success: the column that counts as success; what is unknown there is none.
    """
    names = [name for name in varied if name not in _AXES]
    groups: dict[str, list[dict[str, Any]]] = {}
    for spec in cells:
        row = rows.get(spec.run_id)
        label = cell_words({name: getattr(spec, name) for name in names})
        group = groups.setdefault(label, [])
        if row is not None and row.get("samples") is not None:
            succeeded = row.get(success) is True
            group.append({"samples": row["samples"], "width": spec.width, success: succeeded})
    return [Series(label, phase_grid(group, success=success)) for label, group in groups.items()]
