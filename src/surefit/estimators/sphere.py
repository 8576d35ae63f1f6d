"""Inputs as points of the unit sphere, on which the theory lives."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

__all__ = ["SphereMap"]


@dataclasses.dataclass(frozen=True)
class SphereMap:
    r"""$x \mapsto (z, 1)/\|(z, 1)\|$ with $z = (x - \mu)/(\sigma\sqrt d)$, feature by feature.

    The constant coordinate is the bias of the first layer. It keeps distinct points from becoming
    parallel, which would make the tangent kernel singular.

    Args:
        mean: $\mu$.
        std: $\sigma$; 1 for constant features.
    """

    mean: Float64[np.ndarray, " d"]
    std: Float64[np.ndarray, " d"]

    @classmethod
    def of(cls, x: Float64[np.ndarray, "n d"]) -> SphereMap:
        """The map for a training set."""
        std = np.std(x, axis=0)
        # The deviation of a constant feature is rounding, not a scale.
        constant = std <= 1e-12 * np.max(np.abs(x), axis=0, initial=0.0)
        return cls(np.mean(x, axis=0), np.where(constant, 1.0, std))

    def __call__(self, x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d1"]:
        """The points, (n, d + 1), of unit norm."""
        z = (x - self.mean) / (self.std * np.sqrt(x.shape[1]))
        lifted = np.concatenate([z, np.ones((len(x), 1))], axis=1)
        return lifted / np.linalg.norm(lifted, axis=1, keepdims=True)
