"""What a run records of explicit conditions at its start, and of widths that results ask for."""

from __future__ import annotations

import dataclasses
from typing import Any

from surefit.core.jsonable import as_float

__all__ = ["FormOutcome", "WidthDemand"]


@dataclasses.dataclass(frozen=True)
class FormOutcome:
    r"""One explicit condition $h(w_0) \le$ threshold at the start of the run.

    Args:
        name: catalogue name of its theorem.
        title: its name in words.
        dynamics: catalogue name of the method that it is about.
        condition: the threshold as a formula.
        initial: $h(w_0) = \|f - y\|^2$.
        threshold: what it must not exceed.
        holds: whether every hypothesis on the start holds, this one included; None: cannot say.
        failing: names of the hypotheses that do not hold.
        width: the smallest width at which a typical draw would satisfy it; evidence: sampled.
    """

    name: str
    title: str
    dynamics: str
    condition: str
    initial: float
    threshold: float
    holds: bool | None
    failing: tuple[str, ...]
    width: float

    @property
    def excess(self) -> float:
        r"""$h(w_0)$ over the threshold: at most 1 where the condition holds."""
        if self.initial == 0.0:
            return 0.0
        return self.initial / self.threshold if self.threshold > 0.0 else float("inf")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FormOutcome:
        """The inverse of `dataclasses.asdict` behind JSON."""
        numbers = {key: as_float(data[key]) for key in ("initial", "threshold", "width")}
        return cls(**{**data, **numbers, "failing": tuple(data["failing"])})


@dataclasses.dataclass(frozen=True)
class WidthDemand:
    """What one result asks of the width on the data of the run.

    Args:
        result: authors and year.
        network: depth and which layers are trained.
        dynamics: catalogue name of the method.
        scaling: as the literature lists it.
        counts: what that scaling counts, `width` or `parameters`.
        width: what it asks for here; None where it has no value.
        binding: the formula that asks most.
        holds: whether the width of the run suffices; None where a constant is unstated.
        gap: how many times wider than the smallest proved width; None where there is none.
        unstated: hidden constants, set to 1, that the width depends on.
        provenance: where the formula was taken from.
        evidence: `sampled` for a typical draw, `float` where nothing is random.
        note: one sentence for the reader.
    """

    result: str
    network: str
    dynamics: str
    scaling: str
    counts: str
    width: float | None
    binding: str
    holds: bool | None
    gap: float | None
    unstated: tuple[str, ...]
    provenance: str
    evidence: str
    note: str

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WidthDemand:
        """The inverse of `dataclasses.asdict` behind JSON."""
        numbers = {
            key: None if data[key] is None else as_float(data[key]) for key in ("width", "gap")
        }
        return cls(**{**data, **numbers, "unstated": tuple(data["unstated"])})
