"""Arguments that are a positive number or `"auto"`."""

from __future__ import annotations

import math
from typing import Any

from surefit.errors import InvalidInputError

__all__ = ["is_auto", "number_or_auto", "require_positive"]


def number_or_auto(value: Any) -> Any:
    """A Python or NumPy number as a float; everything else as it is, to be checked later."""
    is_number = isinstance(value, int | float) or getattr(value, "shape", None) == ()
    return float(value) if is_number and not isinstance(value, bool) else value


def is_auto(value: Any) -> bool:
    """Whether the value stands for "choose it yourself"."""
    return isinstance(value, str) and value == "auto"


def require_positive(value: Any, call: str, why: str, auto: bool = True) -> None:
    """Refuse what is neither a finite positive number nor (where allowed) `"auto"`.

    Raises:
        InvalidInputError: it is not.
    """
    if auto and is_auto(value):
        return
    if isinstance(value, float) and math.isfinite(value) and value > 0:
        return
    choice = ' or "auto"' if auto else ""
    example = 'Pass "auto", or 0.01, say.' if auto else "Pass 0.01, say."
    raise InvalidInputError(
        f"`{call}` must be a finite number above 0{choice}. Got {value!r}. {why} {example}"
    )
