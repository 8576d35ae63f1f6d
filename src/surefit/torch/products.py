"""Matrix products and look-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["PRODUCTS"]


def _added(bias: Any, product: Any, beta: Any, alpha: Any) -> Any:
    product = product if alpha == 1 else alpha * product
    bias = bias if beta == 1 else beta * bias
    with jax.numpy_rank_promotion("allow"):
        return bias + product


def _addmm(bias: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _added(bias, a @ b, beta, alpha)


def _embedding(table: Any, rows: Any, *_: Any, **__: Any) -> Any:
    return jnp.take(table, rows, axis=0)


PRODUCTS: dict[str, Callable[..., Any]] = {
    "mm": jnp.matmul,
    "bmm": jnp.matmul,
    "mv": jnp.matmul,
    "dot": jnp.matmul,
    "addmm": _addmm,
    "embedding": _embedding,
}
