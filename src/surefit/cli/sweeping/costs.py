"""How long cells take, from those that are finished."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from surefit.runs import CertifySpec

__all__ = ["Costs", "words"]

# An octave of a size counts as one; another network, loss or method as much as this.
_OTHER = 3.0
_SIZES = ("samples", "samples_per_class", "width", "depth", "steps")
_WORDS = ("data", "target", "classes", "network", "activation", "init", "loss", "method",
          "target_loss", "monitors", "theorems", "every", "polish", "from_start")  # fmt: skip


class Costs:
    """Expected seconds of cells: the mean over the finished ones that are like them.

    The logarithm of the time is averaged with weights that fall by a factor e with the square of
    the distance, in octaves of samples, width, depth and the limit of steps. Times of training are
    no smooth power of the width: narrow networks make all steps that they may, wide ones end early.

    Args:
        cells: of the sweep.
    """

    def __init__(self, cells: Iterable[CertifySpec]) -> None:
        self._kinds: dict[tuple[float | str | None, ...], int] = {}
        self._kind_of: dict[str, int] = {}
        for spec in cells:
            kind = self._kinds.setdefault(_features(spec), len(self._kinds))
            self._kind_of[spec.run_id] = kind
        self._weights = _weights(list(self._kinds))
        self._sums = np.zeros(len(self._kinds))
        self._counts = np.zeros(len(self._kinds))

    def learn(self, run_id: str, seconds: float) -> None:
        """A cell took so long."""
        kind = self._kind_of[run_id]
        self._sums[kind] += math.log(max(seconds, 1e-3))
        self._counts[kind] += 1

    def expect(self, run_ids: Iterable[str]) -> float | None:
        """Seconds that these cells take one after the other; None: nothing is known yet."""
        if not self._counts.any():
            return None
        kinds = [self._kind_of[run_id] for run_id in run_ids]
        return float(np.sum(np.exp(self._logs()[kinds])))

    def _logs(self) -> np.ndarray:
        return (self._weights @ self._sums) / (self._weights @ self._counts)


def _features(spec: CertifySpec) -> tuple[float | str | None, ...]:
    sizes = tuple(math.log2(v) if (v := getattr(spec, n)) else None for n in _SIZES)
    return (*sizes, *(str(getattr(spec, name)) for name in _WORDS))


def _weights(kinds: list[tuple[float | str | None, ...]]) -> np.ndarray:
    """Between every two kinds of cells; never quite 0, so that there is always a mean."""
    squares = np.zeros((len(kinds), len(kinds)))
    for place in range(len(_SIZES) + len(_WORDS)):
        column = [kind[place] for kind in kinds]
        if len(set(column)) == 1:
            continue
        if place < len(_SIZES) and None not in column:
            numbers = np.array(column, float)
            squares += (numbers[:, None] - numbers[None, :]) ** 2
        else:
            names = np.array([str(value) for value in column])
            squares += _OTHER**2 * (names[:, None] != names[None, :])
    return np.exp(-np.minimum(squares, 300.0))


def words(seconds: float) -> str:
    """A duration for people."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
