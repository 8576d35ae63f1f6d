"""What a search for the smallest width finds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from surefit.core.experiment import ExperimentRecord
from surefit.core.laws import PowerLaw, Threshold, fit_power_law
from surefit.core.widths import WidthDemand
from surefit.workflows.width_finder.budget import Budget
from surefit.workflows.width_finder.probe import Probe

__all__ = ["FoundWidth", "FoundWidths", "asked_powers", "width_law"]


@dataclasses.dataclass(frozen=True)
class FoundWidth:
    """The outcome for one number of samples.

    Args:
        budget: the frame of the search.
        threshold: the width from which on the probability is large enough, with its interval.
        probes: what was tried, narrowest first.
        demands: what published results ask for on these data.
    """

    budget: Budget
    threshold: Threshold
    probes: tuple[Probe, ...]
    demands: tuple[WidthDemand, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self.budget.samples

    @property
    def width(self) -> int | None:
        """The likeliest smallest width, rounded up; None: no width up to the largest suffices."""
        if self.threshold.sense == "above":
            return None
        unit = self.budget.unit
        return unit * math.ceil(self.threshold.value / unit - 1e-9)

    @property
    def low(self) -> float:
        """The lower end of its confidence interval; 0: there is none."""
        return self.threshold.low

    @property
    def high(self) -> float:
        """The upper end; infinite: there is none."""
        return self.threshold.high


@dataclasses.dataclass(frozen=True)
class FoundWidths:
    """The outcome of a search.

    Args:
        sizes: one per number of samples, in the order that was asked for.
        law: the width as a power of the number of samples; None: fewer than two widths are known.
        record: the same as plain data, as the store has it.
        directory: where it is.
        reused: whether it was finished before this call.
    """

    sizes: tuple[FoundWidth, ...]
    law: PowerLaw | None
    record: ExperimentRecord
    directory: Path
    reused: bool

    @property
    def width(self) -> int | None:
        """The smallest width for the last number of samples; None: none suffices."""
        return self.sizes[-1].width

    @property
    def low(self) -> float:
        """The lower end of its confidence interval; 0: there is none."""
        return self.sizes[-1].low

    @property
    def high(self) -> float:
        """The upper end; infinite: there is none."""
        return self.sizes[-1].high


def width_law(sizes: Sequence[FoundWidth], level: float) -> PowerLaw | None:
    """The power of the number of samples, from widths whose intervals have both ends.

    The standard error of the logarithm of a width is the length of its interval over twice the
    quantile of the normal distribution.
    """
    known = [size for size in sizes if size.threshold.sense == "bracketed"]
    if len(known) < 2:
        return None
    quantile = float(ndtri(0.5 + level / 2.0))
    errors = [math.log(size.high / size.low) / (2.0 * quantile) for size in known]
    return fit_power_law(
        np.array([float(size.samples) for size in known]),
        np.array([size.threshold.value for size in known]),
        np.array(errors),
        level,
    )


def asked_powers(sizes: Sequence[FoundWidth]) -> dict[str, float]:
    """How each result's width grows with the number of samples, from the first to the last."""
    first, last = sizes[0], sizes[-1]
    if len(sizes) < 2:
        return {}
    known = {demand.result: demand.width for demand in first.demands if demand.width}
    span = math.log(last.samples / first.samples)
    return {
        demand.result: math.log(demand.width / known[demand.result]) / span
        for demand in last.demands
        if demand.width and demand.result in known
    }
