"""Targets of a regression with mean zero and variance one."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.data.dataset import Dataset
from surefit.data.labels import LabelCode
from surefit.errors import InvalidInputError

__all__ = ["Standardised"]


@dataclasses.dataclass(frozen=True, eq=False)
class Standardised(LabelCode):
    r"""$y \mapsto (y - \mu)/s$ per output, with mean and standard deviation of the data.

    Args:
        mean: $\mu$, one per output.
        deviation: $s$, one per output.
    """

    mean: Float64[np.ndarray, " k"]
    deviation: Float64[np.ndarray, " k"]

    task: ClassVar[str] = "regression"

    @classmethod
    def fit(cls, dataset: Dataset) -> Standardised:
        """Mean and deviation of the targets.

        Raises:
            InvalidInputError: a target is constant.
        """
        cls.refuse_other_task(dataset)
        y = dataset.y.reshape(len(dataset), -1)
        constant = np.flatnonzero(np.max(y, axis=0) == np.min(y, axis=0))
        if constant.size:
            raise InvalidInputError(
                "The label coding 'standardised' must be given targets that vary. Got a constant "
                f"in column {constant[0]} of y. Its deviation is zero. Use 'raw', or select more "
                "rows."
            )
        return cls(y.mean(axis=0), y.std(axis=0))

    def encode(self, y: Shaped[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """Standardised targets."""
        y = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
        return (y - self.mean[None]) / self.deviation[None]

    def decode(self, scores: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """Scores in the units of the targets."""
        return scores.reshape(len(scores), -1) * self.deviation[None] + self.mean[None]

    def describe(self) -> str:
        """In words, with the numbers."""
        pairs = zip(self.mean, self.deviation, strict=True)
        return "targets standardised: " + ", ".join(f"(y - {m:.6g}) / {s:.6g}" for m, s in pairs)
