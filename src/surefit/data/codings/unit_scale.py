"""Targets of a regression with Frobenius norm one."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.data.dataset import Dataset
from surefit.data.labels import LabelCode
from surefit.errors import InvalidInputError

__all__ = ["UnitScale"]


@dataclasses.dataclass(frozen=True)
class UnitScale(LabelCode):
    r"""$Y \mapsto Y / \lVert Y\rVert_F$, so that the zero function has residual norm one.

    Args:
        norm: $\lVert Y\rVert_F$ of the data.

    References:
        Song, Ramezani-Kebrya, Pethick, Eftekhari, Cevher (2021), Subquadratic
        overparameterization for shallow neural networks, Assumption 2 asks for norm at most one.
    """

    norm: float

    task: ClassVar[str] = "regression"

    @classmethod
    def fit(cls, dataset: Dataset) -> UnitScale:
        """The norm of the targets.

        Raises:
            InvalidInputError: all targets are zero.
        """
        cls.refuse_other_task(dataset)
        norm = float(np.linalg.norm(dataset.y))
        if norm == 0.0:
            raise InvalidInputError(
                "The label coding 'unit_scale' must be given targets that are not all zero. Got "
                "zeros. There is nothing to scale, and the zero function fits them. Use 'raw'."
            )
        return cls(norm)

    def encode(self, y: Shaped[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """Scaled targets."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1) / self.norm

    def decode(self, scores: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """Scores in the units of the targets."""
        return scores.reshape(len(scores), -1) * self.norm

    def describe(self) -> str:
        """In words, with the number."""
        return f"targets divided by {self.norm:.6g}"
