"""Fitting a network to classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from surefit.errors import UnknownNameError
from surefit.estimators.class_targets import (
    LOSSES,
    class_probabilities,
    class_scores,
    class_targets,
)
from surefit.estimators.network_model import NetworkModel
from surefit.estimators.samples import equal_weights

__all__ = ["ClassNetwork"]


class ClassNetwork(ClassifierMixin, NetworkModel):
    """A network trained on labels; subclasses have the parameter `loss` and build the network."""

    @equal_weights
    def fit(self, X: Any, y: Any) -> ClassNetwork:
        """Train on rows of X and labels y.

        Raises:
            ValueError: X or y is not usable; also of `InvalidInputError`.
            NumericalError: training diverged.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, accept_sparse=False)
        check_classification_targets(y)
        if self.loss not in LOSSES:
            raise UnknownNameError(f"`{type(self).__name__}(loss=...)`", self.loss, LOSSES)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._train(X, *class_targets(labels, len(self.classes_), self.loss))
        return self

    def _scores(self, X: Any) -> Float64[np.ndarray, "n c"]:
        outputs = self._outputs(X)
        return class_scores(outputs, len(self.classes_))

    def decision_function(self, X: Any) -> Float64[np.ndarray, "n ..."]:
        """One score per class, (n, classes); for two classes that of the second, (n,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "n c"]:
        """Probabilities of the classes, (n, classes).

        With cross-entropy the softmax of the outputs; with the squared loss the probabilities
        nearest to the outputs, which estimate the conditional probabilities.
        """
        outputs = self._outputs(X)
        return class_probabilities(outputs, len(self.classes_), self.loss)

    def predict(self, X: Any) -> np.ndarray:
        """The class with the highest score."""
        chosen = np.argmax(self._scores(X), axis=1)
        return self.classes_[chosen]
