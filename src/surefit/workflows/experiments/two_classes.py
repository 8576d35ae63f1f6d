"""Training and test samples of two classes, chosen at random."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from surefit.data import Dataset, PreparedData, load, prepare, select
from surefit.errors import InvalidInputError

__all__ = ["TwoClasses", "two_classes"]

# Inputs as in the paper: long vectors of norm 1, not centred.
_STEPS = ("flatten", "unit_norm")


@dataclasses.dataclass(frozen=True)
class TwoClasses:
    """Training samples, prepared and diagnosed, and test samples treated in the same way.

    Args:
        train: the training samples.
        x_test: inputs of the test samples.
        y_test: their targets.
        test_per_class: how many test samples each class has.
    """

    train: PreparedData
    x_test: Float64[np.ndarray, "m d"]
    y_test: Float64[np.ndarray, "m 1"]
    test_per_class: int


def two_classes(
    images: Sequence[Path],
    classes: Sequence[Any],
    samples_per_class: int,
    *,
    labels: str,
    noise: float,
    seed: int,
) -> TwoClasses:
    """Random training and test samples, equally many of both classes in each.

    With two files, training samples come from the first and test samples from the second; with one
    file or none, test samples are taken from what the training samples leave.

    Args:
        images: IDX files of images; none: the digits of scikit-learn.
        classes: the two classes.
        samples_per_class: training samples of each, and test samples as far as there are.
        labels: the coding.
        noise: see `surefit.data.perturb`; of training samples only.
        seed: of the choice and of the noise.

    Raises:
        UnknownNameError: a class does not occur.
        InvalidInputError: there are too few samples.
    """
    sources = [load(path) for path in images] or [load("digits")]
    first, last = sources[0], sources[-1]
    shared = first is last
    trained = _choose(first, classes, samples_per_class, seed)
    left = _without(last, trained) if shared else last
    available = min((int(np.sum(left.y == c)) for c in trained.classes), default=0)
    if available < 1:
        raise InvalidInputError(
            f"`samples_per_class` must leave test samples. Got {samples_per_class}, which uses up "
            f"every sample of a class of {first.name}. Test samples are the ones that are not used "
            f"for training. Use at most {samples_per_class - 1}."
        )
    count = min(available, samples_per_class)
    tested = _choose(left, classes, count, seed + 1)
    train = prepare(trained, _STEPS, classes=classes, labels=labels, noise=noise, seed=seed)
    test = prepare(tested, _STEPS, classes=classes, labels=labels)
    return TwoClasses(train, test.vectors, test.y, count)


def _choose(dataset: Dataset, classes: Sequence[Any], count: int, seed: int) -> Dataset:
    return select(dataset, classes, samples_per_class=count, shuffle=True, seed=seed)


def _without(dataset: Dataset, used: Dataset) -> Dataset:
    return dataset.take(np.flatnonzero(~np.isin(dataset.rows, used.rows)))
