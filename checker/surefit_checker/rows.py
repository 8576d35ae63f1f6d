r"""Bounds of derivatives that are linear in the sizes of the directions' parts.

A direction has one part per trained layer, of Frobenius norms $v_j$ with $\lVert v\rVert_2 = 1$.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.ball import norm, up


@dataclasses.dataclass(frozen=True)
class Rows:
    r"""Bounds of a derivative, valid on the whole ball.

    Args:
        batch: row $P$ of shape (parts,): the norm over all samples is at most $\sum_jP_jv_j$.
        sample: the same of every sample, of shape (samples, parts).
        entry: of every feature, (samples, features), for directions of norm 1 as a whole; None
            where nobody asks.
    """

    batch: np.ndarray
    sample: np.ndarray
    entry: np.ndarray | None = None

    @classmethod
    def zero(cls, samples: int, parts: int, features: int | None = None) -> Rows:
        """Of what does not depend on the parameters."""
        entry = None if features is None else np.zeros((samples, features))
        return cls(np.zeros(parts), np.zeros((samples, parts)), entry)

    def times(self, factor: float | np.ndarray) -> Rows:
        """Behind a map with this bound, a number or one per sample."""
        each = np.broadcast_to(factor, self.sample.shape[:1])[:, None]
        return Rows(up(self.batch * np.max(factor), 1), up(self.sample * each, 1))

    def plus(self, other: Rows) -> Rows:
        """Of the sum."""
        return Rows(up(self.batch + other.batch, 1), up(self.sample + other.sample, 1))

    def with_part(self, slot: int | None, batch: float, sample: float | np.ndarray) -> Rows:
        """With more of one part."""
        if slot is None:
            return self
        more = Rows.zero(*self.sample.shape)
        more.batch[slot], more.sample[:, slot] = batch, sample
        return self.plus(more)

    def with_entries(self, entry: np.ndarray) -> Rows:
        """With these bounds of the features, and each bound improved by the others."""
        batch = np.minimum(self.batch, norm(self.sample, 0))
        sample = np.minimum(self.sample, batch)
        whole = norm(sample, 1).reshape(-1, *[1] * (entry.ndim - 1))
        return Rows(batch, sample, np.minimum(entry, whole))

    def within(self, rho: float) -> tuple[float, np.ndarray]:
        """How far what is differentiated moves in the ball: of all samples, of every sample."""
        return float(up(norm(self.batch) * rho, 1)), up(norm(self.sample, 1) * rho, 1)

    def bending(self, bent: np.ndarray) -> np.ndarray:
        """Of the term with the second derivative of the activation, for every pair of parts.

        Args:
            bent: of every sample, how much an activation bends.
        """
        bent = bent[:, None]
        once = np.outer(self.batch, np.max(bent * self.sample, 0))
        both = np.array([norm(bent * one[:, None] * self.sample, 0) for one in self.sample.T])
        return up(np.minimum(np.minimum(once, once.T), both), 4)

    def coupling(self, each: np.ndarray, stacked: float) -> np.ndarray:
        """Of the term with a change of the weights and one of what they see, for every other part.

        Args:
            each: bounds of derivatives of the outputs, of every sample.
            stacked: of all samples together.
        """
        one = np.minimum(np.max(each) * self.batch, stacked * np.max(self.sample, 0))
        return up(np.minimum(one, norm(each[:, None] * self.sample, 0)), 3)
