"""The function at one moment of training."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from jaxtyping import Float64

from surefit.function_space.blocks import KernelBlocks
from surefit.function_space.curves import loss_of
from surefit.function_space.filters import SpectralFilter
from surefit.function_space.gaussian import PredictiveDistribution
from surefit.function_space.process import Points
from surefit.function_space.smoother import carried, smoother

__all__ = ["TrainedFunction"]


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedFunction:
    r"""The function at one moment of training.

    Args:
        blocks: kernels and targets.
        filter: the algorithm and its time, as a function of eigenvalues.
    """

    blocks: KernelBlocks
    filter: SpectralFilter

    @functools.cached_property
    def train(self) -> Float64[np.ndarray, "n k"]:
        """The mean predictions on the training points."""
        left = self.filter.residual(self.blocks.eigen.values)[:, None] * self.blocks.modes
        return self.blocks.y - self.blocks.eigen.vectors @ left

    @functools.cached_property
    def test(self) -> Float64[np.ndarray, "m k"]:
        """The mean predictions on the test points.

        Raises:
            InvalidInputError: there are no test points.
        """
        gained = self.filter.gain(self.blocks.eigen.values)[:, None] * self.blocks.modes
        return self.blocks.start("test") + self.blocks.test_vectors @ gained

    @property
    def loss(self) -> float:
        r"""$\frac12\|f - y\|^2$ on the training points."""
        return loss_of(self.filter, self.blocks.eigen.values, self.blocks.weights)

    def distribution(self, on: Points = "test") -> PredictiveDistribution:
        r"""The predictions of an ensemble of networks with random starts.

        Outputs at the start are Gaussian with the NNGP kernel $K$, and every member is trained: the
        mean is that of this function, the covariance
        $K_{**} - AK_*^\top - K_*A^\top + AKA^\top$ with $A = \Theta_*g(\Theta)$.

        Args:
            on: the points.

        Raises:
            InvalidInputError: NNGP matrices, or test points, are missing.

        References:
            Lee et al. (2019), equations (14)-(16).
        """
        cross, own = self.blocks.process.on(on)
        smooth = smoother(self.blocks.eigen, self.blocks.cross(on), self.filter)
        mean = self.train if on == "train" else self.test
        nngp = self.blocks.process.k_train
        return PredictiveDistribution(mean, carried(smooth, own, cross, nngp))
