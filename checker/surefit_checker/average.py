"""Layers that average or rearrange: fixed linear maps."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.ball import Ball, up
from surefit_checker.rows import Rows
from surefit_checker.windows import inverse_table


@dataclasses.dataclass
class Average:
    """Means over windows.

    Args:
        table: indices of what is averaged (entries out, entries in a window); None: rearranging.
        output: shape of an outgoing example.
    """

    table: np.ndarray | None
    output: tuple[int, ...]
    slot = None

    def forward(self, h: Ball, dead: np.ndarray) -> tuple[Ball, np.ndarray]:
        """Outgoing features; and which entries are 0 whatever the weights are."""
        n, self.input = h.shape[0], h.shape[1:]
        size = int(np.prod(self.input))
        flat, dead = h.reshape(n, size), dead.reshape(n, size)
        if self.table is not None:
            members = self.table.shape[1]
            flat = flat.with_column(0.0)[:, self.table].sum(-1).map(lambda x: x / members)
            dead = np.concatenate([dead, np.ones((n, 1), bool)], 1)[:, self.table].all(-1)
            self.back = inverse_table(self.table, size)
        return flat.reshape(n, *self.output), dead.reshape(n, *self.output)

    def backward(self, c: Ball) -> Ball:
        """Derivatives of all outputs for the incoming features."""
        n, k = c.shape[:2]
        g = c.reshape(n * k, int(np.prod(self.output)))
        if self.table is not None:
            members = self.table.shape[1]
            g = g.with_column(0.0)[:, self.back // members].sum(-1).map(lambda x: x / members)
        return g.reshape(n, k, *self.input)

    def gram(self) -> None:
        """Nothing is trained."""

    @property
    def bound(self) -> float:
        """Of the operator norm: the root of the largest sums of a row, 1, and of a column."""
        if self.table is None:
            return 1.0
        return float(up(np.sqrt(self.back.shape[1] / self.table.shape[1]), 2))

    def first(self, rows: Rows, rho: float) -> Rows:
        """Bounds of the derivatives of the outgoing features."""
        n, entry = len(rows.sample), rows.entry.reshape(len(rows.sample), -1)
        if self.table is not None:
            members = self.table.shape[1]
            entry = np.concatenate([entry, np.zeros((n, 1))], 1)[:, self.table]
            entry = up(np.sum(entry, -1) / members, members + 1)
            rows = rows.times(self.bound, self.bound)
        return Rows(rows.batch, rows.sample, entry.reshape(n, *self.output)).tightened()

    def second(self, rows: Rows, rho: float, q: np.ndarray) -> Rows:
        """No curvature of its own."""
        return rows if self.table is None else rows.times(self.bound, self.bound)
