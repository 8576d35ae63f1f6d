"""Targets of a regression as they are."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.data.dataset import Dataset
from surefit.data.labels import LabelCode

__all__ = ["Raw"]


@dataclasses.dataclass(frozen=True)
class Raw(LabelCode):
    """The targets unchanged, as a matrix with one column per output."""

    task: ClassVar[str] = "regression"

    @classmethod
    def fit(cls, dataset: Dataset) -> Raw:
        """Nothing to learn."""
        cls.refuse_other_task(dataset)
        return cls()

    def encode(self, y: Shaped[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """The targets with shape (n, k)."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def decode(self, scores: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """The scores with shape (n, k)."""
        return scores.reshape(len(scores), -1)

    def describe(self) -> str:
        """In words."""
        return "targets as given"
