"""What estimators built on the kernels of infinitely wide networks have in common."""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.estimators.kernel_networks import kernel_network
from surefit.estimators.padding import padded
from surefit.tangent import limit_kernel

__all__ = ["KernelModel"]

Matrix = Float64[np.ndarray, "n1 n2"]


class KernelModel(BaseEstimator):
    """A model whose predictions are combinations of kernel values with the training points.

    Subclasses have the parameters `depth`, `activation`, `weight_std`, `bias_std`, `network`,
    `input_shape`, and call `_remember` in `fit`.
    """

    # "ntk" or "nngp": which kernel of the network the model is built on.
    _which: Literal["ntk", "nngp"]

    def _remember(
        self, x: Float64[np.ndarray, "n d"], weight: Float64[np.ndarray, " n"] | None = None
    ) -> None:
        """Keep the training points and the scale of the inputs."""
        share = None if weight is None else weight / weight.sum()
        square = np.average(np.mean(x**2, axis=1), weights=share)
        self.input_scale_ = 1.0 / np.sqrt(square) if square > 0 else 1.0
        self.X_fit_ = x
        self.network_ = kernel_network(
            self.network, self.depth, self.activation, self.weight_std, self.bias_std
        )

    def _between(
        self, x: Float64[np.ndarray, "n1 d"], other: Float64[np.ndarray, "n2 d"] | None = None
    ) -> Matrix:
        """The kernel between two batches, or of one with itself, exactly symmetric."""
        first, second = self._shaped(x), self._shaped(other)
        kernel = _kernel(self.network_, first, second, self._which)
        matrix = np.asarray(getattr(kernel, self._which), np.float64)
        return matrix[: len(x), : len(x if other is None else other)]

    def _variances(self, x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """The kernel of every point with itself, without the matrix (of `nngp` only)."""
        kernel = _kernel(self.network_, self._shaped(x), self._shaped(x[:1]), "nngp")
        return np.asarray(kernel.variance1, np.float64)[: len(x)]

    def _to_training(self, x: object) -> Matrix:
        """The kernel between new points and those of the training, after validation."""
        check_is_fitted(self)
        x = validate_data(self, x, dtype=np.float64, reset=False)
        return self._between(x, self.X_fit_)

    def _shaped(self, x: Float64[np.ndarray, "n d"] | None) -> np.ndarray | None:
        if x is None:
            return None
        scaled = self.input_scale_ * x
        if self.network is None:
            return padded(scaled)
        if self.input_shape is None:
            return scaled
        if np.prod(self.input_shape) != x.shape[1]:
            raise InvalidInputError(
                f"`{type(self).__name__}(input_shape=...)` must have as many entries as X has "
                f"columns. Got {tuple(self.input_shape)} for {x.shape[1]} columns. Rows are "
                "unfolded to examples of that shape. Give for example (8, 8, 1) for digits."
            )
        return scaled.reshape(len(x), *self.input_shape)


@float64
def _kernel(
    network: Layer, x: np.ndarray, other: np.ndarray | None, which: Literal["ntk", "nngp"]
) -> Kernel:
    second = None if other is None else jnp.asarray(other)
    return limit_kernel(network, jnp.asarray(x), second, get=which)
