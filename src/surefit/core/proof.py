"""What the stand-alone checker said about a certificate, as plain data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from surefit.core.jsonable import as_float

__all__ = ["ASIDE", "Proof", "ProofStep"]

ASIDE = frozenset({"equilibria"})
"""Certificates about something else than training: a run is not proved by these."""


@dataclasses.dataclass(frozen=True)
class ProofStep:
    """One inequality `value relation bound`, both sides rounded to the unfavourable side.

    Args:
        name: what is compared.
        value: the left side.
        relation: `<`, `<=`, `>` or `>=`.
        bound: the right side.
    """

    name: str
    value: float
    relation: str
    bound: float


@dataclasses.dataclass(frozen=True)
class Proof:
    """The checker's answer.

    Args:
        verdict: `proved`, `refused`, `cannot decide` or `invalid`.
        statement: the sentence that the certificate claims.
        reason: why it is not proved; empty if it is.
        steps: the inequalities in the order in which they were verified.
        numbers: what was computed on the way, as rigorous bounds.
        certificate: the certifier whose certificate it is.
        folder: of the run, that holds the certificate; empty: it was not kept.
        seconds: that the checker took.
    """

    verdict: str
    statement: str = ""
    reason: str = ""
    steps: tuple[ProofStep, ...] = ()
    numbers: dict[str, float] = dataclasses.field(default_factory=dict)
    certificate: str = ""
    folder: str = ""
    seconds: float = math.nan

    @property
    def proved(self) -> bool:
        """Whether the checker accepted the certificate."""
        return self.verdict == "proved"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the seconds, which differ whenever it is asked again."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "seconds"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Proof:
        """Read what `to_dict` or `dataclasses.asdict` made, before or after a round of JSON."""
        steps = tuple(
            ProofStep(s["name"], as_float(s["value"]), s["relation"], as_float(s["bound"]))
            for s in data["steps"]
        )
        numbers = {key: as_float(value) for key, value in data["numbers"].items()}
        return cls(
            **{**data, "steps": steps, "numbers": numbers, "seconds": as_float(data.get("seconds"))}
        )
