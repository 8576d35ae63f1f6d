"""Classification with the tangent kernel of an infinitely wide network."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from surefit.estimators.samples import positive_part
from surefit.estimators.simplex import nearest_probabilities
from surefit.estimators.tangent_model import TangentModel
from surefit.estimators.weighted_ridge import fit_ridge, require_ridge

__all__ = ["NTKClassifier"]


class NTKClassifier(ClassifierMixin, TangentModel):
    r"""The class that an infinitely wide network would choose after training on one-hot labels.

    Kernel ridge regression with the neural tangent kernel onto one-hot targets, and the class of
    the largest output. Inputs are divided by one number, the root mean square of the training
    inputs.

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
        classes_: the labels.
        dual_coef_: coefficients of the kernel functions, (n, classes).
        ridge_: the ridge, in the units of the kernel.
        class_share_: share of every class in the training data.
        X_fit_, input_scale_, network_: as in `NTKRegressor`.

    Cost: as of `NTKRegressor`; the number of classes hardly counts.

    References:
        Arora et al. (2020), arXiv 1910.01663, section 3.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from surefit.estimators import NTKClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> bool(NTKClassifier(depth=1).fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9)
        True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NTKClassifier:
        """Fit to rows of X and labels y.

        Raises:
            ValueError: X or y is not usable; also of `InvalidInputError`.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, accept_sparse=False)
        check_classification_targets(y)
        X, y, weight = positive_part(self, X, y, sample_weight)
        self.classes_, labels = np.unique(y, return_inverse=True)
        require_ridge(type(self).__name__, self.ridge)
        self._remember(X, weight)
        one_hot = np.eye(len(self.classes_))[labels]
        self.class_share_ = np.average(one_hot, axis=0, weights=weight)
        fit = fit_ridge(self._between(X), one_hot - self.class_share_, self.ridge, weight)
        self.dual_coef_ = fit.dual
        self.ridge_ = fit.ridge
        return self

    def _outputs(self, X: Any) -> Float64[np.ndarray, "n c"]:
        kernel = self._to_training(X)
        return self.class_share_ + kernel @ self.dual_coef_

    def decision_function(self, X: Any) -> Float64[np.ndarray, "n ..."]:
        """The outputs, (n, classes); for two classes the second minus the first, (n,)."""
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "n c"]:
        """The probabilities nearest to the outputs, (n, classes).

        The squared error of a one-hot target is least at the conditional probabilities, so that
        the outputs estimate these; they sum to one, and are moved to the nearest point of the
        simplex.
        """
        return nearest_probabilities(self._outputs(X))

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest output."""
        check_is_fitted(self)
        return self.classes_[np.argmax(self._outputs(X), axis=1)]
