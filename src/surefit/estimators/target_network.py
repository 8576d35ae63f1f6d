"""Fitting a network to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import validate_data

from surefit.estimators.network_model import NetworkModel
from surefit.estimators.samples import equal_weights
from surefit.losses import HalfSquared

__all__ = ["TargetNetwork"]


class TargetNetwork(MultiOutputMixin, RegressorMixin, NetworkModel):
    """A network trained on standardised targets; subclasses build the network."""

    @equal_weights
    def fit(self, X: Any, y: Any) -> TargetNetwork:
        """Train on rows of X and targets y, (n,) or (n, k).

        Raises:
            ValueError: X or y is not usable; also of `InvalidInputError`.
            NumericalError: training diverged.
        """
        X, y = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, accept_sparse=False
        )
        y = y.astype(np.float64)
        self.target_mean_ = np.mean(y, axis=0)
        std = np.std(y, axis=0)
        self.target_std_ = np.where(std > 0, std, 1.0)
        self._target_shape = y.shape[1:]
        targets = ((y - self.target_mean_) / self.target_std_).reshape(len(y), -1)
        self._train(X, targets, HalfSquared())
        return self

    def predict(self, X: Any) -> Float64[np.ndarray, "n ..."]:
        """Predicted targets, (n,) or (n, k)."""
        outputs = self._outputs(X)
        shaped = outputs.reshape(len(outputs), *self._target_shape)
        return self.target_mean_ + self.target_std_ * shaped
