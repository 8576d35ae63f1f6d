"""Numbers that results ask for: quotients that may overflow, and widths on both sides."""

from __future__ import annotations

import math

__all__ = ["over", "with_log"]


def over(numerator: float, denominator: float) -> float:
    """A quotient, infinite where the denominator is 0 or the quotient overflows."""
    if denominator == 0.0 or math.log(numerator) - math.log(denominator) > 700.0:
        return math.inf
    return numerator / denominator


def with_log(scale: float, power: int) -> float:
    r"""The largest solution of $m = s\log^p m$, above which all do; 1 if every width does."""
    if math.isinf(scale) or scale == 0.0:
        return scale
    top = 1.0 + math.log(max(scale, math.e))
    width = max(scale, math.e) * top ** (2 * power)
    for _ in range(200):
        width = scale * math.log(width) ** power
        if width <= 1.0:
            return 1.0
    return width
