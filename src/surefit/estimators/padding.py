"""Batches of few shapes, so that small data does not wait for a compilation each time."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

__all__ = ["padded"]


def padded(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "m e"]:
    r"""The rows with columns of zeros and further rows behind, of a shape that is often the same.

    Products of rows per coordinate stay what they are: rows grow by $\sqrt{e/d}$. Further rows are
    random numbers: equal ones would be close pairs, which take a way of their own.
    """
    n, d = x.shape
    rows, columns = _usual(n), _usual(d)
    out = np.zeros((rows, columns))
    out[:n, :d] = np.sqrt(columns / d) * x
    out[n:] = np.random.default_rng(0).normal(size=(rows - n, columns))
    return out


def _usual(count: int) -> int:
    """The next power of two from 16 on; above 256 the next multiple of 256."""
    if count > 256:
        return -(-count // 256) * 256
    return max(16, 2 ** (count - 1).bit_length())
