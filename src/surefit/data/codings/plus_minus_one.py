"""Two classes as -1 and +1."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.labels import ClassCode

__all__ = ["PlusMinusOne"]


@dataclasses.dataclass(frozen=True, eq=False)
class PlusMinusOne(ClassCode):
    """The first class becomes -1, the second +1; a score is read by its sign."""

    @staticmethod
    def table(classes: int) -> Float64[np.ndarray, "c k"]:
        """(-1), (+1)."""
        ClassCode.refuse_many("plus_minus_one", classes)
        return np.array([[-1.0], [1.0]])
