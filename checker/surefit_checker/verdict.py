"""What a check ends with, three ways in which it ends early, and the inequalities of a proof."""

import dataclasses
import decimal
from typing import Any

import numpy as np
from flint import arb

PROVED, REFUSED, UNDECIDED, INVALID = "proved", "refused", "cannot decide", "invalid"
# Numbers that bound from below; all others bound from above. Those that may be claimed.
LOWER = ["sigma_min", "rate", "largest_step", "contraction", "smallest_margin", "smoothed_margin"]
CLAIMED = [*LOWER[:3], "residual_norm", "jacobian_norm", "lipschitz", "path_length", "modulus"]
CLAIMED += ["shadow_radius", "loss_sum", "floor"]


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


class InvalidError(EndedError):
    """The folder is damaged, or says something that the format does not know."""

    verdict = INVALID


class RefusedError(EndedError):
    """An inequality of the proof fails."""

    verdict = REFUSED


class UndecidedError(EndedError):
    """The rounding errors of this precision are too large to tell."""

    verdict = UNDECIDED


def demand(condition: Any, message: str) -> None:
    """Ends the check where the folder says something that the format does not allow."""
    if not condition:
        raise InvalidError(message)


def float_up(x: arb) -> float:
    """A float that is at least the number; the number itself if it is one."""
    near = float(x.upper())
    return near if arb(near) >= x else float(np.nextafter(np.nextafter(near, np.inf), np.inf))


def float_down(x: arb) -> float:
    """A float that is at most the number."""
    return -float_up(-x)


class Chain:
    """The inequalities of a proof, in order, and the numbers found on the way.

    Args:
        near: a bound missed by less than this part may hold in a higher precision.
    """

    def __init__(self, near: float) -> None:
        self.near = near
        self.steps: list[Step] = []
        self.numbers: dict[str, float] = {}

    def at_most(self, name: str, value: arb, bound: arb, *, strict: bool = False) -> None:
        """Verify value <= bound, or value < bound.

        Raises:
            RefusedError: it fails.
            UndecidedError: it fails by so little that rounding may be the reason.
        """
        relation, left, right = "<" if strict else "<=", float_up(value), float_down(bound)
        self.steps.append(Step(name, left, relation, right))
        if value < bound if strict else value <= bound:
            return
        size = max(float_up(abs(value)), float_up(abs(bound)), 1e-300)
        if not float_down(value - bound) > self.near * size:  # by so much it is known to fail
            raise UndecidedError(f"{name}: too close to decide in this precision, more bits may")
        by = f"fails by a factor of {left / right if right > 0 else np.inf:.6g}"
        raise RefusedError(f"{name}: {left:.6g} {relation} {right:.6g} {by}")

    def found(self, **numbers: float | arb) -> list[arb]:
        """Notes numbers, as floats that bound from below or from above, and returns these.

        Raises:
            UndecidedError: one is beyond float64 and proves nothing.
        """
        for name, value in numbers.items():
            bound = (float_down if name in LOWER else float_up)(arb(value))
            if not np.isfinite(bound):
                raise UndecidedError(f"{name} is outside the range of float64")
            self.numbers[name] = bound
        return [arb(self.numbers[name]) for name in numbers]

    def compare(self, claims: dict[str, float]) -> None:
        """Verify that nothing better is claimed than was proved.

        Raises:
            RefusedError: it is.
        """
        for name, claimed in claims.items():
            known = name in self.numbers and name in CLAIMED
            demand(known, f"`claims` may not hold {name!r}, which this statement does not bound")
            proved, relation = self.numbers[name], "<=" if name in LOWER else ">="
            self.steps.append(Step(f"claimed {name}", claimed, relation, proved))
            if not (claimed <= proved if name in LOWER else claimed >= proved):
                raise RefusedError(f"{name} is claimed to be {claimed!r}, proved is {proved!r}")


def above(x: float | arb) -> str:
    """Six digits of a number that is at least x."""
    context = decimal.Context(prec=6, rounding=decimal.ROUND_CEILING)
    return format(context.create_decimal(decimal.Decimal(float_up(arb(x)))), "g")


def below(x: float | arb) -> str:
    """Six digits of a number that is at most x."""
    return format(-decimal.Decimal(above(-arb(x))), "g")
