"""Two classes as 0 and 1."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.labels import ClassCode

__all__ = ["ZeroOne"]


@dataclasses.dataclass(frozen=True, eq=False)
class ZeroOne(ClassCode):
    """The first class becomes 0, the second 1; a score is read by comparing it with 1/2."""

    @staticmethod
    def table(classes: int) -> Float64[np.ndarray, "c k"]:
        """(0), (1)."""
        ClassCode.refuse_many("zero_one", classes)
        return np.array([[0.0], [1.0]])
