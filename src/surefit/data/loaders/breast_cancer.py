"""Breast cancer, Wisconsin."""

from __future__ import annotations

import dataclasses

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader

__all__ = ["BreastCancer"]


@dataclasses.dataclass(frozen=True)
class BreastCancer(Loader):
    """Cell measurements: 569 examples, 30 features, classes 0 (malignant) and 1 (benign).

    The features differ in size by five orders of magnitude: use the step `standardise`. Ships
    with scikit-learn.

    References:
        Wolberg, Mangasarian, Street, Street (1993), Breast cancer Wisconsin (diagnostic), UCI
        repository.
    """

    def load(self) -> Dataset:
        """Read the copy that scikit-learn carries."""
        from sklearn.datasets import load_breast_cancer

        bunch = load_breast_cancer()
        source = "sklearn.datasets.load_breast_cancer"
        return Dataset("breast_cancer", bunch.data, bunch.target, source=source)
