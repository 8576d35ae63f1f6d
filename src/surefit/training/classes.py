"""Whether the targets of a problem are classes."""

from __future__ import annotations

import numpy as np

from surefit.problem import Problem

__all__ = ["classes_obstacle"]


def classes_obstacle(problem: Problem) -> str | None:
    """Why the targets are no classes; None if they are: two values, or one-hot rows."""
    y = np.asarray(problem.y)
    values, counts = np.unique(y, return_counts=True)
    # n entries of the larger value, not two in one row: exactly one per row.
    one_hot = y.shape[1] == 1 or (
        counts[-1] == len(y) and bool((y.max(axis=1) == values[-1]).all())
    )
    if len(values) == 2 and one_hot:
        return None
    return (
        "The targets are no classes: a classification problem has one column with two values, "
        "or one-hot rows. Watch `squared_residual` instead."
    )
