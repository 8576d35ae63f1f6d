"""What a search found, beside its record: every trial, for later analysis."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.laws import Threshold
from surefit.core.widths import WidthDemand
from surefit.workflows.width_finder.budget import Budget
from surefit.workflows.width_finder.found import FoundWidth
from surefit.workflows.width_finder.probe import Probe

__all__ = ["read_sizes", "write_sizes"]

FILE = "widths.json"


def write_sizes(directory: Path, sizes: Sequence[FoundWidth]) -> None:
    """Write `widths.json`: the outcome for every number of samples, with all trials."""
    write_json(Path(directory) / FILE, [dataclasses.asdict(size) for size in sizes])


def read_sizes(directory: Path) -> tuple[FoundWidth, ...]:
    """Read what `write_sizes` wrote.

    Raises:
        StorageError: the file is missing or damaged.
    """
    return tuple(map(_size, read_json(Path(directory) / FILE)))


def _size(data: dict[str, Any]) -> FoundWidth:
    budget, threshold = data["budget"], data["threshold"]
    predicted = budget["predicted"]
    budget["predicted"] = None if predicted is None else as_float(predicted)
    for name in ("value", "low", "high"):
        threshold[name] = as_float(threshold[name])
    return FoundWidth(
        budget=Budget(**budget),
        threshold=Threshold(**threshold),
        probes=tuple(map(Probe.from_dict, data["probes"])),
        demands=tuple(map(WidthDemand.from_dict, data["demands"])),
    )
