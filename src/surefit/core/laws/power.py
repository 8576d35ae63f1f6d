r"""Powers $y = cx^s$ fitted to points, with intervals."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri, stdtrit

from surefit.core.laws.success import require_level
from surefit.errors import InvalidInputError

__all__ = ["PowerLaw", "fit_power_law"]


@dataclasses.dataclass(frozen=True)
class PowerLaw:
    r"""A fitted power $y = c\,x^s$.

    Args:
        exponent: $s$.
        constant: $c$.
        exponent_low: the lower end of the confidence interval of $s$; minus infinity where the
            points are too few for one.
        exponent_high: the upper end.
        points: how many points it was fitted to.
        error: the standard error of $s$; infinite where there is none.
        level: the confidence level of the interval and of `band`.
        middle: $\exp$ of the (weighted) mean of $\log x$, where the band is narrowest.
        middle_error: the standard error of $\log y$ there.
        quantile: how many standard errors an interval reaches to either side.
    """

    exponent: float
    constant: float
    exponent_low: float
    exponent_high: float
    points: int
    error: float = math.inf
    level: float = 0.95
    middle: float = 1.0
    middle_error: float = math.inf
    quantile: float = math.inf

    def predict(self, x: Any) -> Any:
        """The power at `x`, a positive number or an array of them."""
        return self.constant * np.asarray(x, np.float64) ** self.exponent

    def band(self, x: Any) -> tuple[Any, Any]:
        """Both ends of the confidence interval of the power at `x`, for each `x` by itself."""
        log_y = np.log(self.predict(x))
        if not math.isfinite(self.quantile):
            return np.zeros_like(log_y), np.full_like(log_y, math.inf)
        away = np.log(np.asarray(x, np.float64)) - math.log(self.middle)
        half = self.quantile * np.hypot(self.middle_error, self.error * away)
        return np.exp(log_y - half), np.exp(log_y + half)

    def __str__(self) -> str:
        return f"{self.exponent:.3g} ({self.exponent_low:.3g} to {self.exponent_high:.3g})"


def fit_power_law(x: Any, y: Any, sigma: Any = None, level: float = 0.95) -> PowerLaw:
    r"""Least squares of $\log y$ over $\log x$.

    Without `sigma` the scatter of the points tells their errors, and the interval is that of
    Student's distribution with two degrees of freedom less than there are points: with three
    points it reaches 12.7 standard errors to either side. With `sigma` the points are weighted, the
    errors count as known, and the interval is that of the normal distribution, widened by
    $\sqrt{\chi^2/(k - 2)}$ where the points scatter by more than their errors. Points with an
    infinite error are left out.

    Args:
        x: positive, at least two different values.
        y: positive.
        sigma: standard errors of $\log y$, positive.
        level: the confidence level.

    Returns:
        The power. Two points determine it and say nothing of its error: its interval is then
        everything.

    Raises:
        InvalidInputError: a number that is not positive and finite, or fewer than two different x.

    References:
        Particle Data Group, Review of Particle Physics (2024), section 5.2.2 of the introduction,
        for the factor by which errors are widened.

    Example:
        >>> law = fit_power_law([10, 20, 40, 80], [1.0, 2.1, 3.9, 8.2])
        >>> round(law.exponent, 2), law.exponent_low < 1.0 < law.exponent_high
        (1.0, True)
    """
    require_level("fit_power_law", level)
    x, y, weights = _checked(x, y, sigma)
    t, log_y = np.log(x), np.log(y)
    total = weights.sum()
    middle, mean = float(weights @ t / total), float(weights @ log_y / total)
    centred = t - middle
    spread = float(weights @ centred**2)
    exponent = float(weights @ (centred * log_y) / spread)
    rest = log_y - mean - exponent * centred
    law = PowerLaw(
        exponent=exponent,
        constant=math.exp(mean - exponent * middle),
        exponent_low=-math.inf,
        exponent_high=math.inf,
        points=len(t),
        level=level,
        middle=math.exp(middle),
    )
    if len(t) < 3:
        return law
    variance = float(weights @ rest**2) / (len(t) - 2)
    scale = math.sqrt(variance if sigma is None else max(1.0, variance))
    tail = 0.5 + level / 2.0
    quantile = float(stdtrit(len(t) - 2, tail) if sigma is None else ndtri(tail))
    error = scale / math.sqrt(spread)
    return dataclasses.replace(
        law,
        exponent_low=exponent - quantile * error,
        exponent_high=exponent + quantile * error,
        error=error,
        middle_error=scale / math.sqrt(total),
        quantile=quantile,
    )


def _checked(
    x: Any, y: Any, sigma: Any
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    x, y = (np.asarray(values, np.float64).reshape(-1) for values in (x, y))
    sigma = np.ones_like(x) if sigma is None else np.asarray(sigma, np.float64).reshape(-1)
    if not len(x) == len(y) == len(sigma):
        raise InvalidInputError(
            f"`fit_power_law(x=..., y=...)` must be equally long. Got {len(x)} and {len(y)} "
            f"numbers (and {len(sigma)} errors). Each x has its y. Leave out what has no partner."
        )
    known = sigma < math.inf
    x, y, sigma = x[known], y[known], sigma[known]
    for name, values in (("x", x), ("y", y), ("sigma", sigma)):
        if not (np.all(values > 0.0) and np.all(np.isfinite(values))):
            raise InvalidInputError(
                f"`fit_power_law({name}=...)` must be positive and finite. Got {values.tolist()}. "
                "A power law is a line between logarithms. Leave such points out."
            )
    if len(np.unique(x)) < 2:
        raise InvalidInputError(
            f"`fit_power_law(x=...)` must have two different values. Got {x.tolist()}. One point "
            "lies on every power law. Measure at another x."
        )
    return x, y, sigma**-2.0
