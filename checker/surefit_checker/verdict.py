"""What a check ends with, and the three ways in which it ends early."""

from __future__ import annotations

import dataclasses

PROVED, REFUSED, UNDECIDED, INVALID = "proved", "refused", "cannot decide", "invalid"


@dataclasses.dataclass(frozen=True)
class Step:
    """One inequality `value relation bound` of the chain.

    Args:
        name: what is compared.
        value: the left side, rounded to the unfavourable side.
        relation: `<`, `<=`, `>` or `>=`.
        bound: the right side, rounded to the unfavourable side.
    """

    name: str
    value: float
    relation: str
    bound: float


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Args:
        verdict: `proved`, `refused`, `cannot decide` or `invalid` (damaged, or not understood).
        statement: the sentence that the certificate claims; empty if it could not be read.
        reason: why it is not proved; empty if it is.
        steps: the inequalities in the order in which they were verified.
        numbers: what was computed on the way, as rigorous upper or lower bounds.
    """

    verdict: str
    statement: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()
    numbers: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 proved, 1 not proved, 2 invalid."""
        return {PROVED: 0, INVALID: 2}.get(self.verdict, 1)


class EndedError(Exception):
    """The check ends without a proof, with a verdict."""

    verdict: str


class InvalidError(EndedError):
    """The folder is damaged, or says something that the format does not know."""

    verdict = INVALID


class RefusedError(EndedError):
    """An inequality of the proof fails."""

    verdict = REFUSED


class UndecidedError(EndedError):
    """The rounding errors of this precision are too large to tell."""

    verdict = UNDECIDED
