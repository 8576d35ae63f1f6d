"""Numbers in sentences: few digits, rounded so that the sentence stays true."""

from __future__ import annotations

import decimal


def above(x: float) -> str:
    """Six digits of a number that is at least x."""
    return _rounded(x, decimal.ROUND_CEILING)


def below(x: float) -> str:
    """Six digits of a number that is at most x."""
    return _rounded(x, decimal.ROUND_FLOOR)


def starts(radius: float) -> str:
    """Where the statement lets descent or flow start."""
    return f"every start within {radius!r} of the saved weights" if radius else "the saved weights"


def _rounded(x: float, rounding: str) -> str:
    context = decimal.Context(prec=6, rounding=rounding)
    return format(context.create_decimal(decimal.Decimal(x)), "g")
