"""Wines of three growers."""

from __future__ import annotations

import dataclasses

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader

__all__ = ["Wine"]


@dataclasses.dataclass(frozen=True)
class Wine(Loader):
    """Chemical analysis of wines: 178 examples, 13 features, 3 classes. Ships with scikit-learn.

    The features have different units: use the step `standardise`.

    References:
        Aeberhard, Forina (1991), Wine, UCI repository.
    """

    def load(self) -> Dataset:
        """Read the copy that scikit-learn carries."""
        from sklearn.datasets import load_wine

        bunch = load_wine()
        return Dataset("wine", bunch.data, bunch.target, source="sklearn.datasets.load_wine")
