"""Biases of their own."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

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

__all__ = ["Shift"]


@dataclasses.dataclass(frozen=True)
class Shift(Node):
    r"""$h + b$ with a trained $b$, which may be the same at several positions.

    Args:
        inputs: of $h$.
        value: the sum.
        group: of $b$.
        positions: how often every entry of $b$ is used per sample.
    """

    inputs: tuple[int, ...]
    value: Values
    group: int
    positions: int

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        """A change of $b$ moves every sample by the same amount."""
        peak, batch = spreads[0].peak.copy(), spreads[0].batch.copy()
        peak[:, self.group] += math.sqrt(self.positions)
        batch[self.group] += math.sqrt(self.positions * len(self.value))
        # The group moves nothing before it: the two shares are orthogonal.
        return Passage(Spread(peak, batch, np.sqrt(spreads[0].entry ** 2 + 1.0)))

    def pull(self, adjoint: Adjoint) -> Pulled:
        """That of the sum."""
        return Pulled((adjoint,))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        """That of the sum."""
        return (back.moved,)
