"""All entries between 0 and 1."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.step import Step
from surefit.errors import InvalidInputError

__all__ = ["Scale"]


@dataclasses.dataclass(frozen=True)
class Scale(Step):
    r"""$x \mapsto (x - a)/(b - a)$ with the smallest entry $a$ and the largest $b$ of all the data.

    One range for all features, as is usual for pixels; see `standardise` for one per feature.

    Args:
        low: $a$ of the data that the step was fitted on.
        high: their $b$.
    """

    description = "all entries scaled to the range from 0 to 1"

    low: float | None = None
    high: float | None = None

    def fit(self, x: Float64[np.ndarray, "n ..."]) -> Scale:
        """Take the range from `x`.

        Raises:
            InvalidInputError: all entries are equal.
        """
        low, high = float(np.min(x)), float(np.max(x))
        if low == high:
            raise InvalidInputError(
                f"`scale` must be given entries that differ. Got {low:g} everywhere. A range of "
                "length zero cannot be scaled to 0..1. Check that the right columns were read."
            )
        return Scale(low, high)

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Entries between 0 and 1 (for other data than it was fitted on: possibly beyond)."""
        fitted = self if self.low is not None else self.fit(x)
        return (x - fitted.low) / (fitted.high - fitted.low)
