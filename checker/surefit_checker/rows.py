r"""Bounds of derivatives that are linear in the sizes of the directions' parts.

A direction has one part per trained layer, of Frobenius norms $v_j$ with $\lVert v\rVert_2 = 1$.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.ball import norm, up


@dataclasses.dataclass(frozen=True)
class Rows:
    r"""Two bounds of a derivative, valid on the whole ball.

    Args:
        batch: row $P$ of shape (parts,): the norm over all samples is at most $\sum_jP_jv_j$.
        sample: the same of every sample, of shape (samples, parts).
        entry: of every feature, for directions of norm 1 as a whole; None where nobody asks.
    """

    batch: np.ndarray
    sample: np.ndarray
    entry: np.ndarray | None = None

    @classmethod
    def zero(cls, samples: int, parts: int, shape: tuple[int, ...] | None = None) -> Rows:
        """Of what does not depend on the parameters."""
        entry = None if shape is None else np.zeros((samples, *shape))
        return cls(np.zeros(parts), np.zeros((samples, parts)), entry)

    def times(self, batch: float, sample: float | np.ndarray) -> Rows:
        """Behind a map with these bounds; `sample` is a number or one per sample."""
        each = np.broadcast_to(np.asarray(sample), self.sample.shape[:1])[:, None]
        return Rows(up(self.batch * batch, 1), up(self.sample * each, 1))

    def tightened(self) -> Rows:
        """Each bound improved by the others."""
        batch, sample, entry = self.batch, self.sample, self.entry
        if batch.size:
            batch = np.minimum(batch, norm(sample, 0))
            sample = np.minimum(sample, batch[None])
        if entry is not None:
            whole = norm(sample, 1) if batch.size else np.zeros(len(sample))
            entry = np.minimum(entry, whole.reshape(-1, *[1] * (entry.ndim - 1)))
        return Rows(batch, sample, entry)

    def plus(self, other: Rows) -> Rows:
        """Of the sum."""
        return Rows(up(self.batch + other.batch, 1), up(self.sample + other.sample, 1))

    def with_part(self, slot: int | None, batch: float, sample: float | np.ndarray) -> Rows:
        """With more of one part."""
        if slot is None:
            return self
        more = Rows.zero(*self.sample.shape)
        more.batch[slot] = batch
        more.sample[:, slot] = sample
        return self.plus(more)

    def within(self, rho: float) -> tuple[float, np.ndarray]:
        """How far what is differentiated moves in the ball: of all samples, of every sample."""
        if not self.batch.size:
            return 0.0, np.zeros(len(self.sample))
        return float(up(norm(self.batch) * rho, 1)), up(norm(self.sample, 1) * rho, 1)
