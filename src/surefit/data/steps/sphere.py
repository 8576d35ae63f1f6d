"""Rows with a bias on the unit sphere, whatever units the features have."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.step import Step

__all__ = ["Sphere"]


@dataclasses.dataclass(frozen=True, eq=False)
class Sphere(Step):
    r"""$x \mapsto (z, 1)/\lVert(z, 1)\rVert$ with $z_f = (x_f - \mu_f)/(s_f\sqrt d)$.

    The constant coordinate is the bias of the first layer. Distinct rows stay distinct and are
    never parallel, which would make the tangent kernel singular; normalising rows alone makes rows
    parallel that differ in length only. A feature that is constant becomes zero.

    Args:
        mean: the $\mu_f$ of the data that the step was fitted on.
        deviation: their $s_f$.
    """

    description = "features standardised, a constant coordinate added, rows moved to norm 1"

    mean: Float64[np.ndarray, " d"] | None = None
    deviation: Float64[np.ndarray, " d"] | None = None

    def fit(self, x: Float64[np.ndarray, "n ..."]) -> Sphere:
        """Take mean and deviation from `x`."""
        x = x.reshape(len(x), -1)
        # The computed mean of equal numbers may be off by a rounding; constancy is decided exactly.
        varies = np.max(x, axis=0) > np.min(x, axis=0)
        return Sphere(
            np.where(varies, x.mean(axis=0), x[0]), np.where(varies, x.std(axis=0), np.inf)
        )

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n d1"]:
        """Vectors of unit norm with one more coordinate; images are flattened."""
        fitted = self if self.mean is not None else self.fit(x)
        x = x.reshape(len(x), -1)
        z = (x - fitted.mean) / (fitted.deviation * np.sqrt(x.shape[1]))
        lifted = np.concatenate([z, np.ones((len(x), 1))], axis=1)
        return lifted / np.linalg.norm(lifted, axis=1, keepdims=True)
