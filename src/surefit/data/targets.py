"""What the raw labels of a source mean: names of classes, or numbers to be predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Shaped

from surefit.data.rows import RowsError
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["TASKS", "as_labels", "as_numbers", "infer_task", "read_whole", "resolve_task"]

TASKS = ("classification", "regression")
MOST_CLASSES = 20


def _missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 - only a NaN differs from itself


def as_labels(y: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Labels in one spelling: whole numbers and truth values as int64, text stripped of blanks.

    Raises:
        InvalidInputError: a label is missing, or names and numbers are mixed.
    """
    missing = np.flatnonzero([_missing(value) for value in y.tolist()])
    if missing.size:
        raise RowsError(
            "The labels must be complete. Got no label in {rows} (counted from 0). A row without "
            "a label cannot be fitted. Remove these rows.",
            missing,
        )
    if y.dtype.kind == "O":
        kinds = {isinstance(value, str) for value in y}
        if len(kinds) > 1:
            raise InvalidInputError(
                "The labels must be all names or all numbers. Got both, for example "
                f"{next(v for v in y if isinstance(v, str))!r} and "
                f"{next(v for v in y if not isinstance(v, str))!r}. Whether 1 and '1' are one "
                "class cannot be guessed. Convert them to one type."
            )
        y = y.astype(np.str_ if kinds == {True} else np.float64)
    if y.dtype.kind in "US":
        return np.char.strip(y.astype(np.str_))
    if y.dtype.kind in "bui":
        return y.astype(np.int64)
    if y.dtype.kind == "f":
        small = np.all(np.abs(y) < 2.0**53)
        return y.astype(np.int64) if small and np.all(y == np.round(y)) else y.astype(np.float64)
    raise InvalidInputError(
        f"The labels must be names or numbers. Got an array of dtype {y.dtype}. "
        "Convert it to integers or text."
    )


def read_whole(y: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Text labels as int64 if every one is a whole number as Python writes it, else unchanged.

    `["0", "1"]` becomes `[0, 1]`; `["0", "x"]` stays, and so does `["007"]`: that is a name.
    """
    text = np.char.strip(y.astype(np.str_))
    try:
        whole = text.astype(np.int64)
    except (ValueError, OverflowError):
        return y
    return whole if np.array_equal(whole.astype(np.str_), text) else y


def as_numbers(y: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    """Regression targets as float64.

    Raises:
        InvalidInputError: the targets are not numbers.
    """
    if y.dtype.kind == "c":
        raise InvalidInputError(
            "The targets of a regression must be real numbers. Got complex ones. Stack the real "
            "and imaginary parts as two columns of y."
        )
    try:
        return y.astype(np.float64)
    except (ValueError, TypeError) as cause:
        raise InvalidInputError(
            f"The targets of a regression must be numbers. Got dtype {y.dtype} ({cause}). "
            "Give numbers, or task='classification' if they are names of classes."
        ) from cause


def infer_task(y: Shaped[np.ndarray, "n ..."]) -> str:
    """Whether labels are classes or numbers to be predicted, where nobody said.

    Text and truth values are classes. Whole numbers are classes if there are at most 20 distinct
    ones and at most half as many as rows. Everything else, and every y with several columns, is
    regression.
    """
    if y.size != len(y):
        return "regression"
    values = y.reshape(len(y))
    if values.dtype.kind == "O":
        return "classification" if any(isinstance(v, str) for v in values) else "regression"
    if values.dtype.kind in "USb":
        return "classification"
    distinct = np.unique(values)
    whole = values.dtype.kind in "ui" or bool(np.all(distinct == np.round(distinct)))
    few = len(distinct) <= min(MOST_CLASSES, len(values) // 2)
    return "classification" if whole and few else "regression"


def resolve_task(task: str, y: Shaped[np.ndarray, "n ..."]) -> str:
    """`task` itself, or what `infer_task` finds where it is "auto".

    Raises:
        UnknownNameError: `task` is neither "auto" nor a task.
    """
    if task not in (*TASKS, "auto"):
        raise UnknownNameError("task", task, (*TASKS, "auto"))
    return infer_task(y) if task == "auto" else task
