"""A Gaussian distribution of predictions: means, covariance, and how well targets agree with it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

from surefit.errors import InvalidInputError, NumericalError

__all__ = ["PredictiveDistribution"]

# Of the largest variance: what rounding can take away from a variance of 0.
_ROUNDING = 1e-8


@dataclasses.dataclass(frozen=True, eq=False)
class PredictiveDistribution:
    r"""Predictions of $k$ independent outputs with one covariance between points.

    Args:
        mean: one row per point, one column per output.
        covariance: between points, the same for every output.
    """

    mean: Float64[np.ndarray, "m k"]
    covariance: Float64[np.ndarray, "m m"]

    @property
    def variance(self) -> Float64[np.ndarray, " m"]:
        """The variance of every point, what is negative by rounding counted as 0.

        Raises:
            NumericalError: a variance is negative beyond rounding.
        """
        own = np.diagonal(self.covariance)
        worst, scale = float(own.min(initial=0.0)), float(np.abs(self.covariance).max(initial=0.0))
        if worst < -max(_ROUNDING * scale, 1e-12):
            raise NumericalError(
                "`PredictiveDistribution.variance` must be at least 0. Got "
                f"{worst:.3g} beside a largest covariance of {scale:.3g}. The kernel matrices of "
                "training and test points do not belong to one kernel. Compute them with the same "
                "network, in float64."
            )
        return np.maximum(own, 0.0)

    @property
    def std(self) -> Float64[np.ndarray, " m"]:
        """The standard deviation of every point."""
        return np.sqrt(self.variance)

    def interval(
        self, level: float = 0.95, noise: float = 0.0
    ) -> tuple[Float64[np.ndarray, "m k"], Float64[np.ndarray, "m k"]]:
        """The central interval of every prediction.

        Args:
            level: the probability inside, between 0 and 1.
            noise: the variance of observations around the function.

        Raises:
            InvalidInputError: the level is no probability.
        """
        if not 0.0 < level < 1.0:
            raise InvalidInputError(
                f"`PredictiveDistribution.interval(level=...)` must lie between 0 and 1. Got "
                f"{level}. It is the probability inside the interval. Write 0.95, say."
            )
        half = float(ndtri(0.5 + level / 2.0)) * np.sqrt(self.variance + noise)[:, None]
        return self.mean - half, self.mean + half

    def coverage(
        self, y: Float64[np.ndarray, "m k"], level: float = 0.95, noise: float = 0.0
    ) -> float:
        """The share of the targets inside their central intervals: `level` where calibrated."""
        low, high = self.interval(level, noise)
        return float(np.mean((low <= y) & (y <= high)))

    def log_density(
        self, y: Float64[np.ndarray, "m k"], noise: float = 0.0
    ) -> Float64[np.ndarray, " m"]:
        r"""$\sum_c\log N(y_{ic}; \mu_{ic}, \sigma_i^2 + \text{noise})$ of every point by itself.

        Args:
            y: the targets.
            noise: the variance of observations around the function.
        """
        variance = self.variance + noise
        square = np.sum((y - self.mean) ** 2, axis=1)
        k = y.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            quadratic = np.where(square == 0.0, 0.0, square / variance)
            return -0.5 * (quadratic + k * np.log(2.0 * math.pi * variance))
