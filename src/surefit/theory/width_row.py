"""What one result asks of the width."""

from __future__ import annotations

import dataclasses

from surefit.core.check import Check, Evidence, Sense
from surefit.theory.theorem import Provenance

__all__ = ["Requirement", "WidthRow"]


@dataclasses.dataclass(frozen=True)
class Requirement:
    """One condition on the width.

    Args:
        formula: what was evaluated.
        width: its value; infinite where no width suffices.
    """

    formula: str
    width: float


@dataclasses.dataclass(frozen=True)
class WidthRow:
    """What one result asks of the width.

    Args:
        result: authors and year.
        network: depth and which layers are trained.
        dynamics: catalogue name of the method.
        scaling: as Table 1 lists it.
        counts: what that scaling counts: `width` or `parameters`.
        requirements: the conditions; empty where they have no value here.
        unstated: hidden constants that the width depends on.
        provenance: where the formula was taken from.
        evidence: `sampled` for a typical draw, `float` where nothing is random.
        note: one sentence for the reader.
    """

    result: str
    network: str
    dynamics: str
    scaling: str
    counts: str
    requirements: tuple[Requirement, ...]
    unstated: tuple[str, ...]
    provenance: Provenance
    evidence: Evidence = Evidence.FLOAT
    note: str = ""

    @property
    def binding(self) -> Requirement | None:
        """The requirement that asks most."""
        return max(self.requirements, key=lambda item: item.width, default=None)

    @property
    def width(self) -> float | None:
        """What the binding requirement asks for."""
        return None if self.binding is None else self.binding.width

    def check(self, width: float) -> Check:
        """A width against what is asked for; undecided where a constant is unstated."""
        if self.binding is None:
            return Check.undecided("width m", self.note, unstated=self.unstated)
        return Check("width m", width, self.binding.width, Sense.AT_LEAST, evidence=self.evidence,
                     note=self.binding.formula, unstated=self.unstated)  # fmt: skip
