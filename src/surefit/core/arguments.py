"""Arguments of the wrong kind, refused in words before anything is computed with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from surefit.errors import InvalidInputError

__all__ = ["as_numbers", "require_instance", "require_reals", "require_whole"]


def require_whole(argument: str, value: Any, advice: str) -> None:
    """Refuse what is no whole number.

    Args:
        argument: as a message names it: "`Dense(features=...)`".
        value: what was given.
        advice: why, and what to write.

    Raises:
        InvalidInputError: it is a fraction, a truth value, a text or anything else.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise InvalidInputError(f"{argument} must be a whole number. Got {value!r}. {advice}")


def require_reals(argument: str, *values: Any) -> None:
    """Refuse what cannot be compared with numbers; None passes.

    Raises:
        InvalidInputError: one of them is a text, a list or anything else.
    """
    for value in values:
        if value is not None and (isinstance(value, str) or not hasattr(value, "__float__")):
            raise InvalidInputError(
                f"{argument} must be a number. Got {value!r}. It is computed with. Write a number, "
                "without quotes."
            )


def require_instance(argument: str, value: Any, kind: Any, wanted: str, advice: str) -> None:
    """Refuse what is no instance of a class.

    Args:
        argument: as a message names it: "`train(problem=...)`".
        value: what was given.
        kind: the class, or a union of classes.
        wanted: what it is, with its article.
        advice: why, and what to write.

    Raises:
        InvalidInputError: it is something else.
    """
    if not isinstance(value, kind):
        given = repr(value) if isinstance(value, str | int | float) else type(value).__name__
        given = f"the class {value.__name__}" if isinstance(value, type) else given
        raise InvalidInputError(f"{argument} must be {wanted}. Got {given}. {advice}")


def as_numbers(argument: str, value: Any) -> np.ndarray:
    """An array of float64.

    Raises:
        InvalidInputError: entries are no real numbers, or rows have different lengths.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as cause:
        raise InvalidInputError(
            f"{argument} must be an array of real numbers. Got what is none ({cause}). Every row "
            "needs as many numbers as the others. Encode words as numbers first, for example with "
            "`surefit.data.prepare`."
        ) from cause
