"""The nearest probabilities to a vector."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

__all__ = ["nearest_probabilities"]


def nearest_probabilities(outputs: Float64[np.ndarray, "n c"]) -> Float64[np.ndarray, "n c"]:
    """The Euclidean projection of every row onto the simplex; it keeps the order of entries.

    References:
        Held, Wolfe, Crowder (1974), Validation of subgradient optimization, section 4.
    """
    sorted_rows = -np.sort(-outputs, axis=1)
    count = np.arange(1, outputs.shape[1] + 1)
    shifts = (np.cumsum(sorted_rows, axis=1) - 1.0) / count
    support = np.sum(sorted_rows > shifts, axis=1)
    shift = shifts[np.arange(len(outputs)), support - 1]
    moved = np.maximum(outputs - shift[:, None], 0.0)
    return moved / moved.sum(axis=1, keepdims=True)
