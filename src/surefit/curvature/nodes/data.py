"""What no trained parameter moves: inputs, and what untrained layers make of them."""

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

__all__ = ["Data"]


@dataclasses.dataclass(frozen=True)
class Data(Node):
    """A constant.

    Args:
        value: it.
        groups: the number of trained layers of the network.
    """

    value: Values
    groups: int
    inputs: tuple[int, ...] = ()

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        """Nothing moves."""
        return Passage(Spread.zero(self.value, self.groups))

    def pull(self, adjoint: Adjoint) -> Pulled:
        """Nothing lies before it."""
        return Pulled(())

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        """Nothing lies before it."""
        return ()
