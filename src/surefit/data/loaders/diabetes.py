"""Disease progression of diabetes patients."""

from __future__ import annotations

import dataclasses

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader

__all__ = ["Diabetes"]


@dataclasses.dataclass(frozen=True)
class Diabetes(Loader):
    """Disease progression after one year: 442 examples, 10 features, a regression.

    The targets run from 25 to 346: use the label coding `standardised`. Ships with scikit-learn.

    Args:
        scaled: features with mean 0 and sum of squares 1, as scikit-learn delivers them; False
            for the original units.

    References:
        Efron, Hastie, Johnstone, Tibshirani (2004), Least angle regression, Annals of Statistics
        32(2), Table 1.
    """

    scaled: bool = True

    def load(self) -> Dataset:
        """Read the copy that scikit-learn carries."""
        from sklearn.datasets import load_diabetes

        bunch = load_diabetes(scaled=self.scaled)
        source = "sklearn.datasets.load_diabetes"
        return Dataset("diabetes", bunch.data, bunch.target, "regression", source=source)
