"""Images to vectors."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.step import Step

__all__ = ["Flatten"]


@dataclasses.dataclass(frozen=True)
class Flatten(Step):
    """Every example becomes one vector, the last axis running fastest."""

    description = "every example flattened to a vector"

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n d"]:
        """Shape (n, d)."""
        return x.reshape(len(x), -1)
