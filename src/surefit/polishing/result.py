"""What polishing leaves: every step, and why it ended."""

from __future__ import annotations

import dataclasses
import math
from enum import StrEnum

__all__ = ["Polish", "PolishStatus", "PolishStep"]


class PolishStatus(StrEnum):
    """Why polishing ended."""

    CERTIFIED = "certified"
    REACHED = "reached"
    STALLED = "stalled"
    STEPS = "steps"


@dataclasses.dataclass(frozen=True)
class PolishStep:
    r"""One accepted step, or the start (number 0).

    Args:
        number: accepted steps so far.
        residual: $\lVert r\rVert$ behind the step.
        damping: $\lambda$ of the step.
        sigma: $\sigma_{\min}(J)$ behind the step; NaN where it was not asked for.
        condition: C of the certificate (it holds below 1); NaN where it was not asked for.
        rejected: trial steps that were thrown away before.
    """

    number: int
    residual: float
    damping: float
    sigma: float = math.nan
    condition: float = math.nan
    rejected: int = 0


@dataclasses.dataclass(frozen=True)
class Polish:
    r"""What polishing did.

    Args:
        status: why it ended.
        message: the same in sentences, with what it did to the weights.
        steps: the start and every accepted step up to the weights returned. Where weights at which
            a certificate holds were perturbed to get off a kink and no better ones were found, they
            are returned, and the steps behind them are left out.
        distance: how far the trained weights moved, in Euclidean norm.
        relative_distance: the same over the norm of the trained weights at the start.
        jitters: how often the weights were perturbed at random to get off a kink.
        seconds: time taken.
    """

    status: PolishStatus
    message: str
    steps: tuple[PolishStep, ...]
    distance: float
    relative_distance: float
    jitters: int
    seconds: float

    @property
    def certified(self) -> bool:
        """Whether a certificate holds at the polished weights, with the margin asked for."""
        return self.status is PolishStatus.CERTIFIED
