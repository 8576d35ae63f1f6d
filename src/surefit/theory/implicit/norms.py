"""Operator norms of weight matrices, with proof where that is affordable."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.core.spectrum import Enclosure
from surefit.core.spectrum.norm import matrix_norm, power_norm

__all__ = ["weight_norm"]

# The whole spectrum of a matrix of this size takes a few seconds.
_DENSE = 1500


def weight_norm(matrix: Float[np.ndarray, "rows columns"]) -> Enclosure:
    r"""$\|A\|_2$, from the whole spectrum; above size 1500 sampled, by Lanczos.

    Args:
        matrix: the weights.

    Cost:
        $20n^3$ operations, $n$ the smaller size; two products per step of Lanczos.
    """
    if min(matrix.shape) <= _DENSE:
        return matrix_norm(matrix)
    return power_norm(lambda v: matrix @ v, lambda u: matrix.T @ u, matrix.shape)
