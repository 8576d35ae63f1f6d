"""Where runs succeed: counts over two of their sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

__all__ = ["PhaseGrid", "phase_grid"]


@dataclasses.dataclass(frozen=True)
class PhaseGrid:
    """How often runs succeeded, by two of their fields.

    Args:
        x_name: the field along the first axis.
        y_name: the field along the second axis.
        x: its values, ascending.
        y: its values, ascending.
        successes: how many runs succeeded, at `[i, j]` those with `x[i]` and `y[j]`.
        trials: how many there were.
    """

    x_name: str
    y_name: str
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    successes: Int[np.ndarray, "x y"]
    trials: Int[np.ndarray, "x y"]

    @property
    def probability(self) -> Float[np.ndarray, "x y"]:
        """The share of successes; NaN where nothing was tried."""
        return np.where(
            self.trials > 0, self.successes / np.maximum(self.trials, 1), np.nan
        ).astype(np.float64)


def phase_grid(
    rows: Iterable[Mapping[str, Any]],
    x: str = "samples",
    y: str = "width",
    success: str = "converged",
) -> PhaseGrid:
    """Count successes over two fields.

    Args:
        rows: one flat mapping per run. Those without one of the three fields, or with None there,
            are left out.
        x: the field along the first axis, of numbers.
        y: the field along the second axis, of numbers.
        success: the field that says whether a run succeeded.

    Returns:
        The counts; without a row, arrays of no elements.

    Example:
        >>> runs = [{"samples": 10, "width": w, "converged": w > 8} for w in (4, 8, 16, 16)]
        >>> phase_grid(runs).probability.tolist()
        [[0.0, 0.0, 1.0]]
    """
    counted = [
        (row[x], row[y], bool(row[success]))
        for row in rows
        if all(row.get(name) is not None for name in (x, y, success))
    ]
    xs, ys = (tuple(sorted({item[axis] for item in counted})) for axis in (0, 1))
    trials = np.zeros((len(xs), len(ys)), np.int64)
    successes = np.zeros_like(trials)
    for at_x, at_y, succeeded in counted:
        where = xs.index(at_x), ys.index(at_y)
        trials[where] += 1
        successes[where] += succeeded
    return PhaseGrid(x, y, xs, ys, successes, trials)
