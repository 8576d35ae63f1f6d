"""Whether promises really are proportional to the constants that they say they are."""

from __future__ import annotations

import dataclasses
import math

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.theory import Setting, Theorem

__all__ = ["check_fits"]


def check_fits(theorem: Theorem, setting: Setting, prediction: Prediction) -> None:
    """Assert that with half the constant a promise is half as large, in the sense of `fits`.

    Raises:
        AssertionError: the constant is none of the theorem's, the promise does not depend on it, or
            not in proportion.
    """
    for place, promise in enumerate(prediction.promises):
        name = promise.fits
        if not name:
            continue
        assert name in promise.unstated, f"`fits` must be among the promise's `unstated`: {name}"
        half = dataclasses.replace(theorem, **{name: getattr(theorem, name) / 2.0})
        other = half.predict(setting).promises[place]
        assert other.monitor == promise.monitor, "promises must not depend on a constant's value"
        share = _size(other, setting) / _size(promise, setting)
        # Decreases 1 - q of size 1e-6 have lost ten digits.
        assert math.isclose(share, 0.5, rel_tol=1e-5), (
            f"{promise.monitor} must be proportional to {name}: half of it gives {share:.6g}"
        )


def _size(promise: Promise, setting: Setting) -> float:
    """What is proportional to the constant."""
    if promise.tolerance > 0.0:
        root = promise.guarantee is Guarantee.TIGHT and promise.monitor == "squared_residual"
        return math.sqrt(promise.tolerance) if root else promise.tolerance
    if not isinstance(promise.bound, Curve):
        return promise.bound
    (factor,) = promise.bound.factors
    return -math.log(factor) if setting.dynamics == "gradient_flow" else 1.0 - factor
