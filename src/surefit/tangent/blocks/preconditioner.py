r"""A partial Cholesky factor with random pivots, and the inverse of $FF^\top + \mu I$."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
from jaxtyping import Float

from surefit.core.memory import require_bytes
from surefit.tangent.blocks.store import GramStore

__all__ = ["PartialCholesky", "partial_cholesky"]

# Columns that one pass over the blocks brings.
_ROUNDS = 4


@dataclasses.dataclass(frozen=True)
class PartialCholesky:
    r"""$K \approx FF^\top$, and the remainder on the diagonal.

    Args:
        factor: $F$.
        remainder: the trace of $K - FF^\top$ over that of $K$.
        mean_remainder: its mean diagonal.
    """

    factor: Float[np.ndarray, "n r"]
    remainder: float
    mean_remainder: float

    def inverse(self, shift: float) -> tuple[Float[np.ndarray, "n r"], Float[np.ndarray, " r"]]:
        r"""$U$, $w$ with $(FF^\top + \mu I)^{-1} = \mu^{-1}(I - U\operatorname{diag}(w)U^\top)$."""
        values, vectors = scipy.linalg.eigh(self.factor.T @ self.factor)
        kept = values > max(values[-1], 0.0) * 1e-14 if len(values) else np.zeros(0, bool)
        values, vectors = values[kept], vectors[:, kept]
        return self.factor @ (vectors / np.sqrt(values)), values / (values + shift)


def partial_cholesky(store: GramStore, rank: int, seed: int = 0) -> PartialCholesky:
    r"""A factor of `rank` columns from pivots that are drawn in proportion to the remainder.

    Pivots are drawn a quarter of the rank at a time, so that four passes over the blocks bring all
    columns.

    Args:
        store: the matrix, complete and positive semi-definite.
        rank: columns.
        seed: of the pivots.

    Raises:
        MemoryLimitError: the factor would not fit into memory.

    Cost:
        $2nr^2$ operations, at most four passes over the blocks and $3nr$ numbers of memory.

    References:
        Y. Chen, E. N. Epperly, J. A. Tropp, R. J. Webber, Randomly pivoted Cholesky, arXiv
        2207.06503, algorithm 2.2 (block by block).
    """
    rank = min(rank, store.rows)
    require_bytes(
        3 * 8 * store.rows * max(rank, 1),
        f"A preconditioner of rank {rank} for {store.rows} examples",
        "Write a smaller rank.",
    )
    rng = np.random.default_rng(seed)
    remaining = np.maximum(store.diagonal().astype(np.float64), 0.0)
    trace = float(np.sum(remaining))
    factor = np.zeros((store.rows, 0))
    while factor.shape[1] < rank and np.count_nonzero(remaining > 1e-14 * trace):
        wanted = min(-(-rank // _ROUNDS), rank - factor.shape[1])
        weights = np.where(remaining > 1e-14 * trace, remaining, 0.0)
        wanted = min(wanted, int(np.count_nonzero(weights)))
        picked = np.sort(rng.choice(store.rows, wanted, replace=False, p=weights / np.sum(weights)))
        columns = store.columns(picked).astype(np.float64) - factor @ factor[picked].T
        added = _orthogonalised(columns, picked)
        if added.shape[1] == 0:
            break
        factor = np.concatenate([factor, added], axis=1)
        remaining = np.maximum(remaining - np.sum(added**2, axis=1), 0.0)
        remaining[picked] = 0.0
    left = float(np.sum(remaining))
    return PartialCholesky(factor, left / trace if trace else 0.0, left / store.rows)


def _orthogonalised(
    columns: Float[np.ndarray, "n t"], picked: np.ndarray
) -> Float[np.ndarray, "n s"]:
    """The columns times the inverse root of the corner, without directions lost in rounding."""
    corner = columns[picked]
    values, vectors = scipy.linalg.eigh((corner + corner.T) / 2)
    kept = values > 1e-10 * max(float(values[-1]), 0.0)
    return columns @ (vectors[:, kept] / np.sqrt(values[kept]))
