"""Products of a stored matrix with vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.tangent.blocks.store import GramStore

__all__ = ["BlockProduct"]


class BlockProduct:
    r"""$V \mapsto KV$ in float64, each block of the lower triangle read once per product.

    Args:
        store: the matrix, complete.
        client: a `dask.distributed.Client`: workers multiply block rows. None: this process.
        held_bytes: blocks up to this size together are kept in memory after the first product;
            not on a cluster.

    Cost:
        $2n^2$ operations per column, and $n^2/2$ numbers from disk or memory.
    """

    def __init__(self, store: GramStore, client: Any = None, held_bytes: int = 0) -> None:
        self.store, self.client = store, client
        self._room = held_bytes
        self._held: dict[tuple[int, int], np.ndarray] = {}

    def __call__(self, v: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
        """$KV$."""
        if self.client is None:
            total = np.zeros_like(v)
            for i in range(self.store.count):
                _add_row(self._block, self.store, v, i, total)
            return total
        everywhere = self.client.scatter(v, broadcast=True)
        futures = [
            self.client.submit(_row, self.store, everywhere, i, pure=False)
            for i in range(self.store.count)
        ]
        return sum(self.client.gather(futures), np.zeros_like(v))

    def _block(self, i: int, j: int) -> np.ndarray:
        if (i, j) in self._held:
            return self._held[i, j]
        block = self.store.read(i, j)
        if block.nbytes <= self._room:
            self._room -= block.nbytes
            self._held[i, j] = block
        return block


def _row(store: GramStore, v: Float[np.ndarray, "n c"], i: int) -> Float[np.ndarray, "n c"]:
    total = np.zeros_like(v)
    _add_row(store.read, store, v, i, total)
    return total


def _add_row(
    read: Any, store: GramStore, v: Float[np.ndarray, "n c"], i: int, total: np.ndarray
) -> None:
    own = store.span(i)
    for j in range(i + 1):
        block = np.asarray(read(i, j), np.float64)
        other = store.span(j)
        total[own] += block @ v[other]
        if i != j:
            total[other] += block.T @ v[own]
