"""Windows that move over positions, as tables of indices into flat examples."""

import math

import numpy as np

from surefit_checker.verdict import demand

LIMIT = 2**25  # entries of a table


def window_table(shape, window, strides, padding) -> tuple[np.ndarray, tuple[int, ...]]:
    """What every window sees, of an example of shape (*positions, channels).

    Returns:
        Indices into the flat example, of shape (windows, positions in a window, channels), with
        the number of all entries standing for a zero beyond the border; and the numbers of
        windows along the axes.
    """
    space, channels = shape[:-1], shape[-1]
    fits = len(space) == len(window) == len(strides) > 0
    fits = fits and all(w <= n for w, n in zip(window, space, strict=True))
    demand(fits, f"windows {window} with strides {strides} do not fit examples {shape}")
    margins, counts = [], []
    for n, w, s in zip(space, window, strides, strict=True):
        counts.append((n - w) // s + 1 if padding == "valid" else -(-n // s))
        missing = max((counts[-1] - 1) * s + w - n, 0)
        margins.append((missing // 2, missing - missing // 2))
    seen = math.prod(counts) * math.prod(window) * channels
    padded = math.prod(n + sum(m) for n, m in zip(space, margins, strict=True)) * channels
    demand(max(seen, padded) <= LIMIT, "too many windows")
    index = np.arange(math.prod(shape)).reshape(shape)
    margins.append((0, 0))
    if padding == "circular":
        index = np.pad(index, margins, "wrap")
    else:
        index = np.pad(index, margins, constant_values=index.size)
    rank = len(space)
    view = np.lib.stride_tricks.sliding_window_view(index, window, tuple(range(rank)))
    view = view[tuple(slice(None, None, s) for s in strides)]  # (*windows, channels, *window)
    return np.moveaxis(view, rank, -1).reshape(math.prod(counts), -1, channels), tuple(counts)


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
