"""Features of mean zero and variance one."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.step import Step

__all__ = ["Standardise"]


@dataclasses.dataclass(frozen=True, eq=False)
class Standardise(Step):
    r"""$x_{if} \mapsto (x_{if} - \mu_f)/s_f$, $s_f^2 = \frac1n\sum_i (x_{if}-\mu_f)^2$.

    A feature that is constant becomes zero.

    Args:
        mean: the $\mu_f$ of the data that the step was fitted on.
        deviation: their $s_f$.
    """

    description = "every feature shifted to mean 0 and scaled to variance 1"

    mean: Float64[np.ndarray, "..."] | None = None
    deviation: Float64[np.ndarray, "..."] | None = None

    def fit(self, x: Float64[np.ndarray, "n ..."]) -> Standardise:
        """Take mean and deviation from `x`."""
        # The computed mean of equal numbers may be off by a rounding; constancy is decided exactly.
        varies = np.max(x, axis=0) > np.min(x, axis=0)
        deviation = np.where(varies, x.std(axis=0), np.inf)
        return Standardise(np.where(varies, x.mean(axis=0), x[0]), deviation)

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Standardised features."""
        fitted = self if self.mean is not None else self.fit(x)
        return (x - fitted.mean[None]) / fitted.deviation[None]
