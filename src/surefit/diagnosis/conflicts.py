"""Equal inputs with different targets, and the loss that they leave to any function."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.special

from surefit.data.pairs import equal_rows
from surefit.diagnosis.subject import Subject
from surefit.losses import CrossEntropy, Logistic, MeanCrossEntropy, MeanLogistic

__all__ = ["EqualRows", "equal_inputs"]

Groups = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class EqualRows:
    """Groups of equal inputs.

    Args:
        conflicts: those with different targets, by row number.
        duplicates: those with equal targets.
        forced: a loss below which no function gets, because of the conflicts; None: not known for
            this loss.
        sentence: the first conflict with its targets, in words; empty where there is none.
    """

    conflicts: Groups
    duplicates: Groups
    forced: float | None
    sentence: str


def equal_inputs(subject: Subject) -> EqualRows:
    r"""Find equal inputs, and the least loss on those with different targets.

    One output per input has to serve all targets of a group. The squared loss is least at their
    mean $\bar y$, cross-entropy where the probabilities are $\bar y$: it is then the number of rows
    times the entropy of $\bar y$.

    Args:
        subject: with all samples.
    """
    rows = np.asarray(subject.x).reshape(subject.samples, -1).astype(np.float64)
    y = np.asarray(subject.y)
    bad, good = [], []
    for group in equal_rows(rows):
        same = (y[group] == y[group[:1]]).all()
        (good if same else bad).append(tuple(int(i) for i in group))
    parts = [_least(subject, y[list(group)]) for group in bad]
    forced = None if None in parts else float(sum(parts))
    return EqualRows(tuple(bad), tuple(good), forced, _sentence(subject, tuple(bad)))


def _least(subject: Subject, y: np.ndarray) -> float | None:
    mean, loss = y.mean(axis=0), subject.loss
    if subject.scale is not None:
        return subject.scale * float(np.sum((y - mean) ** 2))
    if isinstance(loss, CrossEntropy | MeanCrossEntropy):
        entropy = np.sum(scipy.special.entr(mean))
    elif isinstance(loss, Logistic | MeanLogistic):
        positive = (1.0 + mean) / 2.0
        entropy = np.sum(scipy.special.entr(positive) + scipy.special.entr(1.0 - positive))
    else:
        return None
    return loss.scale(subject.samples) * len(y) * float(entropy)


def _sentence(subject: Subject, groups: Groups) -> str:
    if not groups:
        return ""
    first = groups[0]
    more = f" ({len(groups)} such groups)" if len(groups) > 1 else ""
    targets = _listed([_target(subject, row) for row in first])
    return f"rows {_listed(first)} are equal inputs with different targets, {targets}{more}"


def _target(subject: Subject, row: int) -> str:
    if subject.labels is not None and subject.outputs > 1:  # one output: plus and minus one
        return str(subject.labels[row])
    numbers = [f"{value:.4g}" for value in np.asarray(subject.y[row])]
    return (
        numbers[0]
        if len(numbers) == 1
        else f"[{', '.join(numbers[:4])}{', ...' * (len(numbers) > 4)}]"
    )


def _listed(items: tuple[int, ...] | list[str]) -> str:
    """`1 and 3`, `1, 3 and 20`; of many the first ones."""
    if len(items) > 5:
        return f"{', '.join(map(str, items[:5]))} and {len(items) - 5} more"
    return f"{', '.join(map(str, items[:-1]))} and {items[-1]}"
