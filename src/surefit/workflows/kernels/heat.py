"""The kernel matrix sorted by class, as a heat map of cell means."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64

from surefit.core.kernel_record import HeatMap
from surefit.workflows.kernels.samples import Samples

__all__ = ["heat_map"]

_CELLS = 120
_QUANTILES = 4


def heat_map(name: str, kernel: Float64[np.ndarray, "n n"], samples: Samples) -> HeatMap:
    r"""Correlations $K_{ij}/\sqrt{K_{ii}K_{jj}}$ of the training samples, sorted by class.

    Samples of a class keep their order and are averaged in cells, at most 120 in all. Targets of a
    regression are sorted, and their quarters are the groups.

    Args:
        name: what the kernel is called.
        kernel: on the training samples.
        samples: with labels.
    """
    groups, names = _groups(samples)
    size = np.sqrt(np.maximum(np.diagonal(kernel), np.finfo(np.float64).tiny))
    correlation = kernel / size[:, None] / size[None, :]
    budget = max(1, _CELLS // len(names))
    means, edges = [], [0]
    for rows in groups:
        cells = np.array_split(rows, min(budget, len(rows)))
        for cell in cells:
            weights = np.zeros(len(kernel))
            weights[cell] = 1.0 / len(cell)
            means.append(weights)
        edges.append(edges[-1] + len(cells))
    averaging = np.asarray(means)
    return HeatMap(
        title=f"The {name} of the training samples, sorted by "
        + ("class" if samples.classification else "target"),
        about="Correlations between samples, means over cells of neighbouring samples. Blocks on "
        "the diagonal that stand out are groups that the kernel sees as alike.",
        groups=names,
        edges=tuple(edges),
        values=averaging @ correlation @ averaging.T,
    )


def _groups(samples: Samples) -> tuple[list[Int64[np.ndarray, " rows"]], tuple[str, ...]]:
    labels = samples.prepared.labels
    if samples.classification:
        values = np.unique(labels).tolist()
        return [np.flatnonzero(labels == value) for value in values], tuple(map(str, values))
    order = np.argsort(samples.prepared.y[:, 0], kind="stable")
    parts = [part for part in np.array_split(order, _QUANTILES) if len(part)]
    return parts, tuple(f"quarter {index + 1}" for index in range(len(parts)))
