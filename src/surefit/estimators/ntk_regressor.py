"""Regression with the tangent kernel of an infinitely wide network."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import validate_data

from surefit.estimators.samples import positive_part
from surefit.estimators.tangent_model import TangentModel
from surefit.estimators.weighted_ridge import fit_ridge, require_ridge

__all__ = ["NTKRegressor"]


class NTKRegressor(MultiOutputMixin, RegressorMixin, TangentModel):
    r"""What an infinitely wide network would predict after training by gradient descent.

    Kernel ridge regression with the neural tangent kernel. Targets are centred; inputs are divided
    by one number, the root mean square of the training inputs, so that the scale of the data is
    no hyperparameter.

    Args:
        depth: number of hidden layers.
        activation: a name of the catalogue (`surefit list activations`) or an `Activation`.
        weight_std: $\sigma_w$; None: the one that keeps variances.
        bias_std: $\sigma_b$ of the hidden layers.
        ridge: weight of the squared norm in multiples of the kernel's mean diagonal; 0
            interpolates, `gcv` chooses by generalised cross-validation.
        network: any composition of layers instead of the above.
        input_shape: the shape of one example where `network` takes images, e.g. (8, 8, 1).

    Attributes:
        dual_coef_: coefficients of the kernel functions, (n,) or (n, k).
        ridge_: the ridge, in the units of the kernel.
        target_mean_: what was subtracted from the targets.
        X_fit_: the training points. Those of weight 0 are left out.
        input_scale_: what inputs are multiplied by.
        network_: the network whose kernel is used.

    Cost: $n^2$ kernel values and $n^3/3$ operations (with `gcv` $9n^3$); $8n^2$ bytes, twice.

    References:
        Jacot, Gabriel, Hongler (2018), section 5. Small data: Arora et al. (2020), arXiv
        1910.01663.

    Example:
        >>> from sklearn.datasets import load_diabetes
        >>> from surefit.estimators import NTKRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> bool(NTKRegressor(depth=2).fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.4)
        True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NTKRegressor:
        """Fit to rows of X and targets y, (n,) or (n, k).

        Raises:
            ValueError: X or y is not usable; also of `InvalidInputError`.
        """
        X, y = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, accept_sparse=False
        )
        y = y.astype(np.float64)
        X, y, weight = positive_part(self, X, y, sample_weight)
        require_ridge(type(self).__name__, self.ridge)
        self._remember(X, weight)
        self.target_mean_ = np.average(y, axis=0, weights=weight)
        centred = (y - self.target_mean_).reshape(len(y), -1)
        fit = fit_ridge(self._between(X), centred, self.ridge, weight)
        self.dual_coef_ = fit.dual.reshape(y.shape)
        self.ridge_ = fit.ridge
        return self

    def predict(self, X: Any) -> Float64[np.ndarray, "n ..."]:
        """Predicted targets, (n,) or (n, k)."""
        kernel = self._to_training(X)
        return self.target_mean_ + kernel @ self.dual_coef_
