"""A kernel in blocks of examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

__all__ = ["in_blocks"]


def in_blocks(
    compute: Callable[[Array, Array | None], Any], x1: Array, x2: Array | None, block: int
) -> Any:
    """The kernels of two batches from those of blocks; one triangle of blocks where x2 is None.

    Args:
        compute: arrays, in any pytree, whose first two axes belong to the examples; where further
            axes are two, as of pairs of outputs, they change places with the examples.
        x1: first batch.
        x2: second batch; None: the first again.
        block: examples that are taken together.
    """
    other = x1 if x2 is None else x2
    if block >= max(len(x1), len(other)):
        return compute(x1, x2)
    total: Any = None
    for i in range(0, len(x1), block):
        for j in range(0, len(other), block):
            if x2 is None and j > i:
                break
            rows = x1[i : i + block]
            part = compute(rows, None if x2 is None and i == j else other[j : j + block])
            if total is None:
                total = jax.tree.map(
                    lambda p: np.empty((len(x1), len(other), *p.shape[2:]), p.dtype), part
                )
            pieces = map(np.asarray, jax.tree.leaves(part))
            for whole, piece in zip(jax.tree.leaves(total), pieces, strict=True):
                whole[i : i + piece.shape[0], j : j + piece.shape[1]] = piece
                if x2 is None and i != j:
                    axes = (1, 0, 3, 2)[: piece.ndim] if piece.ndim != 3 else (1, 0, 2)
                    whole[j : j + piece.shape[1], i : i + piece.shape[0]] = piece.transpose(axes)
    return jax.tree.map(jnp.asarray, total)
