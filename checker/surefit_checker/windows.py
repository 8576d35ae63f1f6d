"""Windows that move over positions, as tables of indices."""

from __future__ import annotations

import math

import numpy as np

from surefit_checker.verdict import InvalidError

LIMIT = 2**25  # entries of a table


def window_table(shape, window, strides, padding) -> tuple[np.ndarray, tuple[int, ...]]:
    """What every window sees, of an example of shape (*positions, channels).

    Returns:
        Indices into the flattened example, of shape (windows, positions in a window, channels),
        with the number of all entries standing for a zero beyond the border; and the numbers of
        windows along the axes.
    """
    space, channels = shape[:-1], shape[-1]
    fits = len(space) == len(window) == len(strides) > 0
    if not fits or any(w > n for w, n in zip(window, space, strict=True)):
        raise InvalidError(f"windows {window} with strides {strides} do not fit examples {shape}")
    output, reached = [], []
    for n, w, s in zip(space, window, strides, strict=True):
        count = (n - w) // s + 1 if padding == "valid" else -(-n // s)
        before = 0 if padding == "valid" else max((count - 1) * s + w - n, 0) // 2
        at = np.arange(count)[:, None] * s + np.arange(w)[None, :] - before
        if padding == "circular":
            at = at % n
        output.append(count)
        reached.append(at)
    if math.prod(output) * math.prod(window) * channels > LIMIT:
        raise InvalidError("too many windows")
    size, rank = math.prod(shape), len(space)
    flat = np.zeros((*output, *window), np.int64)
    inside = np.ones_like(flat, bool)
    for axis, at in enumerate(reached):
        along = [1] * (2 * rank)
        along[axis], along[rank + axis] = at.shape
        spread = at.reshape(along)
        flat = flat * space[axis] + spread
        inside &= (spread >= 0) & (spread < space[axis])
    flat = flat.reshape(math.prod(output), math.prod(window), 1) * channels + np.arange(channels)
    outside = ~inside.reshape(math.prod(output), math.prod(window), 1)
    return np.where(outside, size, flat), tuple(output)


def inverse_table(table: np.ndarray, size: int) -> np.ndarray:
    """Which entries of a table hold an index: (size, most), filled up with the table's size."""
    entries = table.ravel()
    order = np.argsort(entries, kind="stable")
    order = order[entries[order] < size]
    values = entries[order]
    counts = np.bincount(values, minlength=size)
    rank = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.full((size, max(int(counts.max()), 1)), table.size)
    found[values, rank] = order
    return found
