"""How well each class is predicted, and what it is mistaken for."""

from __future__ import annotations

from collections import Counter

import numpy as np
from jaxtyping import Float64

from surefit.workflows.kernels.samples import Samples

__all__ = ["class_table"]

Row = tuple[float | int | str, ...]


def class_table(
    samples: Samples, predictions: dict[str, Float64[np.ndarray, "p k"]], part: str
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """One row per class: how many samples, accuracies, and the most frequent mistake.

    Args:
        samples: with labels.
        predictions: title of a kernel -> its outputs on the samples of `part`.
        part: `test` or `train`.

    Returns:
        The heads of the columns, and the rows; none for a regression.
    """
    if not samples.classification:
        return (), ()
    labels = samples.labels_test if part == "test" else samples.prepared.labels
    decoded = {name: samples.prepared.code.decode(y) for name, y in predictions.items()}
    word = "test" if part == "test" else "training"
    columns = (
        "class",
        f"{word} samples",
        *(f"accuracy, {name}" for name in decoded),
        "mistaken for",
    )
    rows = []
    for label in np.unique(labels).tolist():
        own = labels == label
        accuracies = [float(np.mean(found[own] == label)) for found in decoded.values()]
        first = next(iter(decoded.values()))
        wrong = Counter(x for x in first[own].tolist() if x != label)
        name, count = wrong.most_common(1)[0] if wrong else ("", 0)
        rows.append(
            (str(label), int(own.sum()), *accuracies, f"{name} ({count})" if count else "–")
        )
    return columns, tuple(rows)
