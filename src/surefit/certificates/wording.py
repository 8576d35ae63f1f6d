"""Numbers in sentences."""

from __future__ import annotations

import math

__all__ = ["count", "number", "rate", "steps_per_decade"]


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def rate(value: float) -> str:
    """A factor just below one by its distance from it: `1 - 1.08e-04`."""
    return f"1 - {1.0 - value:.3g}" if value > 0.5 else number(value)


def count(value: float) -> str:
    """A number of steps, rounded to three digits, thousands apart: `21 300`."""
    if not math.isfinite(value):
        return str(value)
    if value >= 1e12:
        return f"{value:.3g}"
    digits = max(0, len(str(int(value))) - 3)
    return f"{round(value, -digits):,.0f}".replace(",", " ")


def steps_per_decade(factor: float) -> float:
    """How many steps make a quantity ten times smaller that shrinks by `factor` per step."""
    if factor <= 0.0:
        return 1.0
    return math.inf if factor >= 1.0 else -math.log(10.0) / math.log(factor)
