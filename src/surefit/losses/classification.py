"""What the losses of classification share: outputs are scores, targets are classes."""

from __future__ import annotations

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.losses.loss import Loss

__all__ = ["Classification"]


class Classification(Loss):
    r"""$s\sum_i\ell(f_i, y_i)$: convex, at least 0, and 0 for no finite outputs.

    The gradient vanishes as the scores grow, so that there is no Polyak-Lojasiewicz constant above
    0, and no certificate of convergence at a linear rate.

    Attributes:
        mean: whether $s = 1/n$; otherwise 1.
        curvature: of one sample's loss, at most.
    """

    mean: ClassVar[bool]
    curvature: ClassVar[float]

    def smoothness(self, samples: int) -> float:
        """The largest curvature of one sample's loss, times the scale."""
        return self.curvature * self.scale(samples)

    def scale(self, samples: int) -> float:
        """1, or 1/n for a mean."""
        return 1.0 / samples if self.mean else 1.0

    def __call__(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, ""]:
        """The sum or the mean over the samples."""
        return self.scale(y.shape[0]) * jnp.sum(self.of_samples(outputs, y))

    def output_gradient(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, "n k"]:
        """In closed form, without the logarithms."""
        return self.scale(y.shape[0]) * self.slope(outputs, y)

    @abc.abstractmethod
    def of_samples(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, " n"]:
        """The loss of every sample."""

    @abc.abstractmethod
    def slope(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, "n k"]:
        """Its derivative in the sample's outputs."""
