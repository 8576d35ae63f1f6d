"""Fewer points for a plot, with nothing visible lost: every peak and every dip is kept."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

__all__ = ["LIMIT", "thin"]

LIMIT = 1500


def thin(values: Float[np.ndarray, " n"], limit: int = LIMIT) -> Int[np.ndarray, " kept"]:
    """The indices of at most `limit` values that draw the same line.

    The indices are cut into stretches, half of them equally long and half of them growing
    geometrically, so that the line is fine on a linear and on a logarithmic axis. Of each stretch
    the first, the smallest and the largest finite value stay; so do the last value and the first
    that is not finite.
    """
    n = len(values)
    if n <= limit:
        return np.arange(n)
    stretches = (limit - 2) // 3
    even = np.linspace(0, n, stretches - stretches // 2, endpoint=False)
    growing = np.geomspace(1, n, stretches // 2, endpoint=False)
    starts = np.unique(np.concatenate([even, growing]).astype(int))
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    keep = {n - 1, *starts.tolist()}
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        keep.add(int(start + np.argmin(low[start:stop])))
        keep.add(int(start + np.argmax(high[start:stop])))
    if not finite.all():
        keep.add(int(np.argmin(finite)))
    return np.asarray(sorted(keep))
