"""The cells of a sweep: what identifies them, what they cost, which of them compile alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from surefit.runs import CertifySpec
from surefit.runs.identity import canonical_text

__all__ = ["Cell", "unique_cells"]

# Samples of a cell that does not say how many: only the order of cells depends on it.
_UNKNOWN_SAMPLES = 2000


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """One run of a sweep.

    Args:
        spec: what is run.
    """

    spec: CertifySpec

    @cached_property
    def run_id(self) -> str:
        """Its name in the store."""
        return self.spec.run_id

    @cached_property
    def payload(self) -> dict[str, Any]:
        """What a worker gets: the canonical spec, with the path of a data file as it was given."""
        return {**self.spec.canonical(), "data": self.spec.data}

    @cached_property
    def group(self) -> str:
        """Equal for cells whose compiled programs are the same: all but the seed is."""
        return canonical_text({**self.payload, "seed": None})

    @property
    def cost(self) -> float:
        """Something that grows with the time that the cell takes; only for the order of cells."""
        spec = self.spec
        samples = spec.samples or _UNKNOWN_SAMPLES
        if spec.samples_per_class is not None:
            samples = spec.samples_per_class * len(spec.classes or range(10))
        width = spec.width if isinstance(spec.width, int) else 1
        return float(samples) * (samples + width * max(1, spec.depth or 1))


def unique_cells(specs: Sequence[CertifySpec]) -> list[Cell]:
    """The cells in the given order, each once."""
    found: dict[str, Cell] = {}
    for spec in specs:
        cell = Cell(spec)
        found.setdefault(cell.run_id, cell)
    return list(found.values())
