"""Samples and their weights."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight

from surefit.errors import InvalidInputError

__all__ = ["equal_weights", "positive_part"]


def positive_part(
    estimator: BaseEstimator, x: Float64[np.ndarray, "n d"], y: np.ndarray, sample_weight: Any
) -> tuple[Float64[np.ndarray, "m d"], np.ndarray, Float64[np.ndarray, " m"] | None]:
    """The samples with a positive weight, and those weights; None where all count the same.

    Raises:
        InvalidInputError: a weight is negative, or none is positive.
    """
    if sample_weight is None:
        return x, y, None
    weight = _check_sample_weight(sample_weight, x, dtype=np.float64)
    if np.any(weight < 0):
        raise InvalidInputError(
            f"`{type(estimator).__name__}.fit(sample_weight=...)` must be at least 0. Got a "
            f"smallest weight of {weight.min():g}. A weight says how many times a sample counts. "
            "Give samples that are not to count the weight 0."
        )
    counts = weight > 0
    if not counts.any():
        raise InvalidInputError(
            f"`{type(estimator).__name__}.fit(sample_weight=...)` must have at least one "
            "non-zero weight. Got zeros only. No sample would count. Give the samples that are to "
            "count the weight 1."
        )
    return x[counts], y[counts], weight[counts]


def equal_weights(fit: Callable[..., Any]) -> Callable[..., Any]:
    """A `fit` without `sample_weight` that says so where it is given.

    The signature stays without it: scikit-learn's tools read there what an estimator can do.
    """

    @functools.wraps(fit)
    def refusing(self: BaseEstimator, X: Any, y: Any, *, sample_weight: Any = None) -> Any:
        if sample_weight is None:
            return fit(self, X, y)
        raise InvalidInputError(
            f"`{type(self).__name__}.fit(sample_weight=...)` must be left out. Got weights of type "
            f"{type(sample_weight).__name__}. The theorems and certificates about networks are "
            "about losses in which every sample counts the same. Leave it out, or choose "
            "`NTKRegressor`, `NTKClassifier` or `NNGPRegressor`, which take weights."
        )

    return refusing
