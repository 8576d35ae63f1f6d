"""Checks of options, worded in one way."""

from __future__ import annotations

import math

from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["among", "at_least", "non_negative", "room_for"]


def _named(call: str, option: str) -> str:
    # "select" -> "select(seed=...)"; "load('sphere', ...)" -> "load('sphere', n=...)"
    return call.replace("...", f"{option}=...") if "..." in call else f"{call}({option}=...)"


def at_least(call: str, option: str, value: int, least: int, why: str) -> None:
    """Raise unless a whole number is at least `least`.

    Raises:
        InvalidInputError: it is smaller, or no whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInputError(
            f"`{_named(call, option)}` must be a whole number of at least {least}. Got {value!r}. "
            f"{why} Give such a number."
        )


def non_negative(call: str, option: str, value: float, why: str) -> None:
    """Raise unless a number is finite and not negative.

    Raises:
        InvalidInputError: it is negative, infinite or NaN.
    """
    if isinstance(value, str) or not (math.isfinite(value) and value >= 0):
        raise InvalidInputError(
            f"`{_named(call, option)}` must be a finite number of at least 0. Got {value!r}. {why} "
            "Use 0 for none."
        )


def among(kind: str, value: str, known: tuple[str, ...]) -> None:
    """Raise unless `value` is one of the known names.

    Raises:
        UnknownNameError: it is not; the message suggests the nearest.
    """
    if value not in known:
        raise UnknownNameError(kind, value, known)


def room_for(call: str, n: int, d: int) -> None:
    """Raise if n rows of d float64 numbers, and one working copy, would not fit into memory.

    Raises:
        MemoryLimitError: they would not.
    """
    require_bytes(
        2 * 8 * n * d,
        f"`{call}`: {n} rows of {d} numbers in float64 and one working copy",
        "Ask for fewer rows.",
    )
