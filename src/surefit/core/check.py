"""The only verdict: a named number held against a bound, with its error and its evidence."""

from __future__ import annotations

import dataclasses
import math
from enum import StrEnum
from typing import Any

__all__ = ["Check", "Evidence", "Sense"]


class Evidence(StrEnum):
    """How a value was obtained, strongest first."""

    PROVED = "proved"
    INTERVAL = "interval"
    FLOAT = "float"
    SAMPLED = "sampled"
    ASSUMED = "assumed"

    @property
    def strength(self) -> int:
        """0 for `assumed` up to 4 for `proved`."""
        return len(Evidence) - 1 - list(Evidence).index(self)


class Sense(StrEnum):
    """How the value must stand to the bound."""

    AT_MOST = "<="
    LESS = "<"
    AT_LEAST = ">="
    GREATER = ">"


@dataclasses.dataclass(frozen=True)
class Check:
    """A named number held against a bound.

    Args:
        name: what is compared, in the notation of docs/notation.md.
        value: the number that was found. NaN: it could not be found.
        bound: what it is held against.
        sense: how it must stand to the bound.
        error: half-width of the interval around `value - bound` that is certain to hold the truth.
        evidence: how the value was obtained.
        note: one sentence for the reader.
        unstated: names of constants that the source leaves unstated and on which the bound
            depends. Such a check never holds nor fails: the source does not say enough.
    """

    name: str
    value: float
    bound: float
    sense: Sense = Sense.AT_MOST
    error: float = 0.0
    evidence: Evidence = Evidence.FLOAT
    note: str = ""
    unstated: tuple[str, ...] = ()

    @property
    def margin(self) -> float:
        """How far the value is on the good side of the bound (negative: on the bad side)."""
        low = self.sense in (Sense.AT_MOST, Sense.LESS)
        return self.bound - self.value if low else self.value - self.bound

    @property
    def presumed(self) -> bool | None:
        """The verdict if every unstated constant had the value used here; None: cannot say."""
        margin = self.margin
        if math.isnan(margin) or math.isnan(self.error):
            return None
        if self.error == 0.0:
            return margin >= 0 if self.sense in (Sense.AT_MOST, Sense.AT_LEAST) else margin > 0
        if margin > self.error:
            return True
        return False if margin < -self.error else None

    @property
    def holds(self) -> bool | None:
        """True, False, or None where the numbers do not decide."""
        return None if self.unstated else self.presumed

    @classmethod
    def from_flag(cls, name: str, flag: bool, note: str = "", **kwargs: Any) -> Check:
        """A check of a yes-or-no property: the value is 1 or 0, the bound 1."""
        return cls(name, float(flag), 1.0, Sense.AT_LEAST, note=note, **kwargs)

    @classmethod
    def undecided(cls, name: str, note: str, **kwargs: Any) -> Check:
        """A check whose value could not be found; `note` says why."""
        kwargs.setdefault("evidence", Evidence.ASSUMED)
        return cls(name, math.nan, math.nan, note=note, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping; `holds` is included for readers that do not compute."""
        fields = dataclasses.asdict(self)
        return {**fields, "unstated": list(self.unstated), "holds": self.holds}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Check:
        """The inverse of `to_dict`."""
        data = {key: value for key, value in data.items() if key != "holds"}
        data["sense"], data["evidence"] = Sense(data["sense"]), Evidence(data["evidence"])
        data["unstated"] = tuple(data["unstated"])
        for key in ("value", "bound", "error"):
            data[key] = math.nan if data[key] is None else float(data[key])
        return cls(**data)

    def __str__(self) -> str:
        mark = {True: "holds", False: "fails", None: "cannot say"}[self.holds]
        return (
            f"{self.name}: {self.value:.4g} {self.sense} {self.bound:.4g} ({mark}, {self.evidence})"
        )
