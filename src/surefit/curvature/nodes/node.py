r"""What every operation of a network answers: how far it moves, and how much it bends.

Directions are split into groups $v = (v_1, \dots, v_J)$, one per trained layer, and every bound is
about all parameters within a ball. Forward, a node bounds the first derivatives of its output
(`Spread`); backward, it turns the exact adjoints $\partial f/\partial h$ at the centre, and how far
they move on the ball, into those of its inputs; between the two it adds its share of
$\lVert D^2f[v, v]\rVert \le \sum_{jl}Q_{jl}\lVert v_j\rVert\lVert v_l\rVert$.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.curvature.norms import operator_norm, operator_norms

__all__ = [
    "Adjoint",
    "Node",
    "Passage",
    "PerSample",
    "Pulled",
    "Return",
    "Spread",
    "Table",
    "Values",
    "lengths",
]

Values = Float[np.ndarray, "n ..."]
PerSample = Float[np.ndarray, " n"]
Table = Float[np.ndarray, "J J"]


@dataclasses.dataclass(frozen=True)
class Spread:
    r"""Bounds on the first derivatives $dh[v]$ of a node's output, over the whole ball.

    Args:
        peak: $\lVert dh_i[v]\rVert \le \sum_j\mathrm{peak}_{ij}\lVert v_j\rVert$ for sample i.
        batch: $(\sum_i\lVert dh_i[v]\rVert^2)^{1/2} \le \sum_j\mathrm{batch}_j\lVert v_j\rVert$.
        entry: $|dh_{ir}[v]| \le \mathrm{entry}_{ir}\lVert v\rVert$.
    """

    peak: Float[np.ndarray, "n J"]
    batch: Float[np.ndarray, " J"]
    entry: Values

    @classmethod
    def zero(cls, value: Values, groups: int) -> Spread:
        """That of something which no trained parameter moves."""
        return cls(np.zeros((len(value), groups)), np.zeros(groups), np.zeros(value.shape))

    def scaled(self, factor: float) -> Spread:
        """That of a map which makes nothing longer than `factor` times its length."""
        return Spread(factor * self.peak, factor * self.batch, abs(factor) * self.entry)

    def plus(self, other: Spread) -> Spread:
        """That of a sum."""
        return Spread(self.peak + other.peak, self.batch + other.batch, self.entry + other.entry)

    def tightened(self) -> Spread:
        """Each bound improved by what the others say."""
        batch = np.minimum(self.batch, np.sqrt(np.sum(self.peak**2, axis=0)))
        peak = np.minimum(self.peak, batch[None, :])
        spread = Spread(peak, batch, self.entry)
        ceiling = spread.samples.reshape(-1, *(1,) * (self.entry.ndim - 1))
        return dataclasses.replace(spread, entry=np.minimum(self.entry, ceiling))

    @property
    def samples(self) -> PerSample:
        r"""$\sup_{\lVert v\rVert\le1}\lVert dh_i[v]\rVert$, sample by sample."""
        return np.sqrt(np.sum(self.peak**2, axis=1))

    @property
    def whole(self) -> float:
        r"""$\sup_{\lVert v\rVert\le1}(\sum_i\lVert dh_i[v]\rVert^2)^{1/2}$."""
        return float(np.sqrt(np.sum(self.batch**2)))


@dataclasses.dataclass(frozen=True)
class Passage:
    """What a node found on its way forward.

    Args:
        spread: of its output.
        memo: its own notes, for the way back.
    """

    spread: Spread
    memo: Any = None


@dataclasses.dataclass(frozen=True)
class Adjoint:
    r"""$\partial f_{io}/\partial h_{ir}$ at the centre; what is asked of it is computed once.

    Args:
        array: one row per output of each sample.
    """

    array: Float[np.ndarray, "n k ..."]

    @functools.cached_property
    def size(self) -> PerSample:
        """Frobenius norms over outputs and entries, sample by sample."""
        return lengths(self.array, axis=tuple(range(1, self.array.ndim)))

    @functools.cached_property
    def columns(self) -> Values:
        r"""$\lVert\partial f_{i\cdot}/\partial h_{ir}\rVert$ over outputs."""
        return lengths(self.array, axis=1)

    @functools.cached_property
    def operator(self) -> PerSample:
        """Operator norms of outputs by entries, sample by sample."""
        return operator_norms(self.array.reshape(*self.array.shape[:2], -1))

    @functools.cached_property
    def stacked(self) -> float:
        """The operator norm with the rows of all samples below each other."""
        n, k = self.array.shape[:2]
        return operator_norm(self.array.reshape(n * k, -1))


@dataclasses.dataclass(frozen=True)
class Pulled:
    """What comes out of a node on the way back, at the centre.

    Args:
        inputs: the adjoints of its inputs.
        behind: of an equilibrium: the adjoint right behind its activation.
    """

    inputs: tuple[Adjoint, ...]
    behind: Adjoint | None = None


@dataclasses.dataclass(frozen=True)
class Return:
    """Everything about the way back through a node on a ball.

    Args:
        adjoint: of its output at the centre.
        pulled: what becomes of it.
        moved: how far the adjoint of the output moves on the ball, Frobenius norm by sample.
        passage: of the way forward.
    """

    adjoint: Adjoint
    pulled: Pulled
    moved: PerSample
    passage: Passage


class Node(abc.ABC):
    """An operation of a network at the centre of the ball.

    Args:
        inputs: positions of its inputs in the list of nodes.
        value: its output at the centre.
    """

    inputs: tuple[int, ...]
    value: Values

    @abc.abstractmethod
    def forward(self, radius: float, *spreads: Spread) -> Passage:
        """The spread of the output on the ball, from those of the inputs."""

    @abc.abstractmethod
    def pull(self, adjoint: Adjoint) -> Pulled:
        """The adjoints of the inputs from that of the output, at the centre."""

    @abc.abstractmethod
    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        """How far the adjoints of the inputs move on the ball."""

    def curvature(self, radius: float, back: Return) -> Table | float:
        """The node's share of Q; 0 for an operation that is linear in everything."""
        return 0.0

    def nearest_kink(self, passage: Passage) -> tuple[float, tuple[int, ...]]:
        """Distance to the nearest kink over speed, and where; infinite without kinks."""
        return math.inf, ()


def lengths(array: Float[np.ndarray, "..."], axis: int | tuple[int, ...]) -> np.ndarray:
    """Euclidean lengths along axes."""
    return np.sqrt(np.sum(array**2, axis=axis))
