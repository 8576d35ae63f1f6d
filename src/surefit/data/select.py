"""Choosing classes and examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.data.dataset import Dataset
from surefit.data.require import at_least
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["select"]


def select(
    dataset: Dataset,
    classes: Sequence[Any] | None = None,
    *,
    samples: int | None = None,
    samples_per_class: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
) -> Dataset:
    """Keep some classes and the first examples of what is left.

    First the classes are chosen, then the rows are shuffled if asked, then the first ones are
    kept. Without `shuffle` the order of the source decides, so that nothing here is random.

    Args:
        dataset: where to choose from.
        classes: the classes to keep. Their order is kept too: the first is -1 or 0 in the label
            codings for two classes. A class may be given as text ("3" for 3).
        samples: how many examples to keep in all.
        samples_per_class: how many to keep of every class; the order of rows stays. Excludes
            `samples`.
        shuffle: permute the rows by `numpy.random.default_rng(seed).permutation` first.
        seed: of the permutation.

    Raises:
        UnknownNameError: a class does not occur.
        InvalidInputError: fewer examples are there than asked for, both kinds of number are
            given, or classes of a regression.
    """
    if samples is not None and samples_per_class is not None:
        raise InvalidInputError(
            "`select(samples=..., samples_per_class=...)` must be given one of the two. Got "
            f"{samples} and {samples_per_class}. They contradict each other in general. Leave one "
            "out."
        )
    if dataset.task == "regression" and (classes is not None or samples_per_class is not None):
        option = "samples_per_class" if classes is None else "classes"
        raise InvalidInputError(
            f"`select({option}=...)` must be used with a classification. Got {dataset.name}, a "
            "regression. Its targets are numbers, not classes. Leave the option out, or load the "
            "data with task='classification'."
        )
    kept = None if classes is None else _find(dataset, classes)
    rows = np.arange(len(dataset))
    if kept is not None:
        rows = np.flatnonzero(np.isin(dataset.y, np.asarray(kept)))
    if shuffle:
        at_least("select", "seed", seed, 0, "Seeds of random generators are not negative.")
        rows = rows[np.random.default_rng(seed).permutation(len(rows))]
    if samples is not None:
        at_least("select", "samples", samples, 1, "There is nothing to fit without examples.")
        if samples > len(rows):
            raise InvalidInputError(
                f"`select(samples=...)` must be at most {len(rows)}, the examples of "
                f"{_which(dataset, kept)}. Got {samples}. Ask for fewer, or add classes."
            )
        rows = rows[:samples]
    if samples_per_class is not None:
        rows = _per_class(dataset, kept or dataset.classes, rows, samples_per_class)
    return dataset.take(rows, kept)


def _which(dataset: Dataset, kept: tuple[Any, ...] | None) -> str:
    return dataset.name if kept is None else f"{dataset.name} in {kept}"


def _find(dataset: Dataset, classes: Sequence[Any]) -> tuple[Any, ...]:
    by_text = {str(label): label for label in dataset.classes}
    for label in classes:
        if str(label) not in by_text:
            raise UnknownNameError(f"class of {dataset.name}", str(label), by_text)
    kept = tuple(by_text[str(label)] for label in classes)
    if len(set(kept)) < max(2, len(kept)):
        raise InvalidInputError(
            f"`select(classes=...)` must be at least two different classes. Got {list(classes)}. "
            "One class alone is fitted by a constant. Choose from the known classes "
            f"{', '.join(by_text)}."
        )
    return kept


def _per_class(
    dataset: Dataset, classes: tuple[Any, ...], rows: np.ndarray, count: int
) -> np.ndarray:
    at_least("select", "samples_per_class", count, 1, "A class without examples is no class.")
    positions = []
    for label in classes:
        found = np.flatnonzero(dataset.y[rows] == label)
        if len(found) < count:
            raise InvalidInputError(
                f"`select(samples_per_class=...)` must be at most {len(found)}, the examples of "
                f"class {label!r} of {dataset.name}. Got {count}. Ask for fewer, or leave that "
                "class out."
            )
        positions.append(found[:count])
    return rows[np.sort(np.concatenate(positions))]
