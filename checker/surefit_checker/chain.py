"""The inequalities of a proof, and its numbers in words."""

from __future__ import annotations

import decimal

import numpy as np
from flint import arb

from surefit_checker.ball import float_down, float_up
from surefit_checker.verdict import RefusedError, Step, UndecidedError


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
        relation = "<" if strict else "<="
        self.steps.append(Step(name, float_up(value), relation, float_down(bound)))
        if value < bound if strict else value <= bound:
            return
        size = max(float_up(abs(value)), float_up(abs(bound)), 1e-300)
        by = float_down(value - bound)  # by so much it is known to fail
        if not by > self.near * size:
            raise UndecidedError(f"{name}: too close to decide in this precision, more bits may")
        factor = float_up(value) / float_down(bound) if float_down(bound) > 0 else float("inf")
        raise RefusedError(
            f"{name}: {float_up(value):.6g} {relation} {float_down(bound):.6g} "
            f"fails by a factor of {factor:.6g}"
        )

    def require_finite(self) -> None:
        """A number beyond float64 proves nothing."""
        if not np.isfinite(list(self.numbers.values())).all():
            raise UndecidedError("numbers outside the range of float64 appear")


def above(x: float | arb) -> str:
    """Six digits of a number that is at least x."""
    return _rounded(float_up(arb(x)), decimal.ROUND_CEILING)


def below(x: float | arb) -> str:
    """Six digits of a number that is at most x."""
    return _rounded(float_down(arb(x)), decimal.ROUND_FLOOR)


def _rounded(x: float, rounding: str) -> str:
    context = decimal.Context(prec=6, rounding=rounding)
    return format(context.create_decimal(decimal.Decimal(x)), "g")
