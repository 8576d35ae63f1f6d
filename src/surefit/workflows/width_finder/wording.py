"""Widths, intervals and powers in words."""

from __future__ import annotations

import math

from surefit.core.laws import PowerLaw
from surefit.workflows.width_finder.found import FoundWidth

__all__ = ["shown_interval", "shown_power", "shown_width"]


def shown_interval(size: FoundWidth) -> str:
    """Both ends of the interval of a width, in words."""
    low = f"{size.low:.3g}" if size.low > 0.0 else "no lower end"
    high = f"{size.high:.3g}" if math.isfinite(size.high) else "no upper end"
    return f"{low} to {high}"


def shown_width(size: FoundWidth) -> str:
    """The width, or on which side of the widths that were tried it lies."""
    sense = size.threshold.sense
    if sense == "above":
        return f"above {size.threshold.value:.0f}"
    return f"at most {size.width}" if sense == "below" else str(size.width)


def shown_power(law: PowerLaw) -> str:
    """The exponent with its interval."""
    if law.points < 3:
        return f"{law.exponent:.2f}, two points, no interval"
    return f"{law.exponent:.2f}, {law.exponent_low:.2f} to {law.exponent_high:.2f}"
