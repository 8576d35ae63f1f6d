"""Weighted sums: skip connections and branches."""

from __future__ import annotations

import dataclasses

from surefit.curvature.nodes.node import (
    Adjoint,
    Node,
    Passage,
    PerSample,
    Pulled,
    Return,
    Spread,
    Values,
)

__all__ = ["Total"]


@dataclasses.dataclass(frozen=True)
class Total(Node):
    r"""$\sum_bc_bh_b$ + const.

    Args:
        inputs: of the $h_b$.
        value: the sum.
        factors: the $c_b$.
    """

    inputs: tuple[int, ...]
    value: Values
    factors: tuple[float, ...]

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        """The sum of the spreads."""
        total = spreads[0].scaled(abs(self.factors[0]))
        for factor, spread in zip(self.factors[1:], spreads[1:], strict=True):
            total = total.plus(spread.scaled(abs(factor)))
        return Passage(total)

    def pull(self, adjoint: Adjoint) -> Pulled:
        """The factors."""
        return Pulled(tuple(Adjoint(factor * adjoint.array) for factor in self.factors))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        """The factors."""
        return tuple(abs(factor) * back.moved for factor in self.factors)
