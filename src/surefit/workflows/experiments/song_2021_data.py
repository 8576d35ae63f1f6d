"""Images for the teacher-student experiment of Song et al. (2021)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from surefit.data import Dataset, load
from surefit.errors import InvalidInputError

__all__ = ["Images", "song_2021_images"]


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Random training and test samples, all classes.

    Args:
        x: training inputs, one image per row.
        classes: their classes, numbered from 0.
        x_test: test inputs, standardised with the mean and deviation of the training pixels.
        test_classes: their classes.
        count: how many classes there are.
        description: what they are.
    """

    x: Float64[np.ndarray, "n d"]
    classes: Int64[np.ndarray, " n"]
    x_test: Float64[np.ndarray, "m d"]
    test_classes: Int64[np.ndarray, " m"]
    count: int
    description: str


def song_2021_images(files: Sequence[Path], samples: int, seed: int) -> Images:
    """Training and test samples with pixels of mean 0 and variance 1, all pixels together.

    With two files, training samples come from the first and test samples from the second; with one
    file or none, test samples are taken from what the training samples leave. There are as many as
    training samples, or all there are.

    Args:
        files: IDX files of images; none: the digits of scikit-learn.
        samples: how many training samples.
        seed: of the choice.

    Raises:
        InvalidInputError: there are too few samples.
    """
    sources = [load(path) for path in files] or [load("digits")]
    first, last = sources[0], sources[-1]
    shared = first is last
    available = len(first) - 1 if shared else len(first)
    if samples > available:
        raise InvalidInputError(
            f"`samples` must be at most {available}. Got {samples} of {first.name}. "
            f"{'A test sample must be left. ' if shared else ''}Ask for fewer."
        )
    order = np.random.default_rng(seed).permutation(len(first))
    if shared:
        rest = order[samples : 2 * samples]
    else:
        rest = np.random.default_rng([seed, 1]).permutation(len(last))[:samples]
    train, test = first.take(order[:samples]), last.take(rest)
    mean, deviation = float(train.vectors.mean()), float(train.vectors.std())
    names = list(first.classes)
    return Images(
        x=(train.vectors - mean) / deviation,
        classes=_numbered(train, names),
        x_test=(test.vectors - mean) / deviation,
        test_classes=_numbered(test, names),
        count=len(names),
        description=f"{first.name}: {samples} training samples at random with seed {seed}, "
        f"{len(test)} test samples of {last.name}; pixels minus {mean:.4g}, divided by "
        f"{deviation:.4g}",
    )


def _numbered(dataset: Dataset, names: list) -> Int64[np.ndarray, " n"]:
    return np.array([names.index(label) for label in dataset.y.tolist()], np.int64)
