"""What a theorem promises for one problem, in a form that one function can compare with a run."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Any

from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.jsonable import as_float

__all__ = ["Guarantee", "Prediction", "Promise"]


class Guarantee(StrEnum):
    """How a promised value stands to the truth."""

    UPPER = "upper"
    LOWER = "lower"
    TIGHT = "tight"


@dataclasses.dataclass(frozen=True)
class Promise:
    r"""One measured quantity and what the theorem says of it along the whole run.

    Args:
        monitor: the name of the monitor that measures the quantity.
        bound: a number that bounds it at all times, or a curve over time.
        guarantee: `upper`: measured <= bound; `lower`: measured >= bound; `tight`: both, up to
            `tolerance`.
        tolerance: absolute allowance, in the units of the measured quantity.
        source: locator of the statement ("Theorem 5.1").
        unstated: constants that the source does not state and this promise depends on.
        fits: the one among them that a run can be fitted with: the bound is proportional to it, or
            the tolerance where that is not 0, or the decrease $1 - q$ of a geometric curve (for
            gradient flow its exponent). Empty: none is.
    """

    monitor: str
    bound: float | Curve
    guarantee: Guarantee = Guarantee.UPPER
    tolerance: float = 0.0
    source: str = ""
    unstated: tuple[str, ...] = ()
    fits: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        bound = self.bound.to_dict() if isinstance(self.bound, Curve) else self.bound
        return {**dataclasses.asdict(self), "bound": bound, "unstated": list(self.unstated)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Promise:
        """The inverse of `to_dict`."""
        data = dict(data)
        bound = data["bound"]
        data["bound"] = Curve.from_dict(bound) if isinstance(bound, dict) else as_float(bound)
        data["tolerance"] = as_float(data["tolerance"])
        data["guarantee"] = Guarantee(data["guarantee"])
        data["unstated"] = tuple(data["unstated"])
        return cls(**data)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a theorem promises for one problem.

    Args:
        theorem: the catalogue name of the theorem.
        assumptions: the theorem's hypotheses, checked on the problem.
        promises: what it says of measured quantities.
        rate: factor by which the squared residual norm shrinks per step (descent) or the decay
            exponent per unit of time (flow); None where the theorem gives none.
        step_size: the largest step that it allows; None for flow.
        width: the width that it asks for (infinite where no width suffices); None where width
            is no hypothesis.
        radius: bound on the distance that the parameters travel.
        unstated: constants left unstated by the source on which `width` or `rate` depends, with
            the values used here.
        note: one sentence for the reader.
    """

    theorem: str
    assumptions: tuple[Check, ...]
    promises: tuple[Promise, ...] = ()
    rate: float | None = None
    step_size: float | None = None
    width: float | None = None
    radius: float | None = None
    unstated: dict[str, float] = dataclasses.field(default_factory=dict)
    note: str = ""

    @property
    def applies(self) -> bool | None:
        """True if every assumption holds, False if one fails, None if that cannot be said."""
        verdicts = [check.holds for check in self.assumptions]
        if any(verdict is False for verdict in verdicts):
            return False
        return None if any(verdict is None for verdict in verdicts) else True

    @property
    def failing(self) -> tuple[Check, ...]:
        """The assumptions that do not hold or cannot be decided, failures first."""
        bad = [check for check in self.assumptions if check.holds is not True]
        return tuple(sorted(bad, key=lambda check: check.holds is None))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "theorem": self.theorem,
            "applies": self.applies,
            "assumptions": [check.to_dict() for check in self.assumptions],
            "promises": [promise.to_dict() for promise in self.promises],
            "rate": self.rate,
            "step_size": self.step_size,
            "width": self.width,
            "radius": self.radius,
            "unstated": dict(self.unstated),
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Prediction:
        """The inverse of `to_dict`."""
        number = {
            key: None if data[key] is None else float(data[key])
            for key in ("rate", "step_size", "width", "radius")
        }
        return cls(
            theorem=data["theorem"],
            assumptions=tuple(map(Check.from_dict, data["assumptions"])),
            promises=tuple(map(Promise.from_dict, data["promises"])),
            unstated={key: as_float(value) for key, value in data["unstated"].items()},
            note=data["note"],
            **number,
        )
