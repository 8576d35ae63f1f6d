"""Features of mean zero."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.step import Step

__all__ = ["Centre"]


@dataclasses.dataclass(frozen=True, eq=False)
class Centre(Step):
    r"""$x_i \mapsto x_i - \frac1n\sum_j x_j$.

    Removing the mean spreads the rows over the sphere: the largest eigenvalue of the Gram matrix
    falls, and with it the number of steps that descent needs.

    Args:
        mean: the mean of the data that the step was fitted on.
    """

    description = "the mean of every feature subtracted"

    mean: Float64[np.ndarray, "..."] | None = None

    def fit(self, x: Float64[np.ndarray, "n ..."]) -> Centre:
        """Take the mean from `x`."""
        return Centre(x.mean(axis=0))

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Rows minus the mean."""
        return x - (self if self.mean is not None else self.fit(x)).mean[None]
