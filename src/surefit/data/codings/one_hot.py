"""One output per class."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.labels import ClassCode

__all__ = ["OneHot"]


@dataclasses.dataclass(frozen=True, eq=False)
class OneHot(ClassCode):
    """1 at the output of the class, 0 elsewhere; the largest score wins."""

    @staticmethod
    def table(classes: int) -> Float64[np.ndarray, "c k"]:
        """The rows of the identity."""
        return np.eye(classes)
