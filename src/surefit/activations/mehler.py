r"""Evaluates $\sum_k a_k b_k q^k$ for every entry of a matrix $q$, without one matrix per term."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

__all__ = ["power_series", "small_power_series"]

Table = Float[Array, "_ sets"] | Float[np.ndarray, "_ sets"]
Pick = Int[Array, "..."] | Int[np.ndarray, "..."]


def power_series(
    q: Float[Array, "..."], left: Table, right: Table, pick1: Pick, pick2: Pick
) -> Float[Array, "..."]:
    r"""$\sum_k a_k b_k q^k$ with $a_k$ = `left[k, pick1]` and $b_k$ = `right[k, pick2]`.

    `q`, `pick1` and `pick2` broadcast against each other and have equal rank. Coefficients are
    looked up while the sum runs: pairs of sets are never stored.

    Cost: two to four operations per term and entry; memory for a few arrays of the size of `q`,
    also under differentiation.
    """
    return _series(q, left, right, jnp.asarray(pick1), jnp.asarray(pick2))


@jax.jit
def _horner(
    q: Float[Array, "..."], left: Table, right: Table, pick1: Pick, pick2: Pick
) -> Float[Array, "..."]:
    def step(total: Array, rows: tuple) -> tuple[Array, None]:
        a, b = rows
        return total * q + a[pick1] * b[pick2], None

    start = jnp.zeros(jnp.broadcast_shapes(q.shape, pick1.shape, pick2.shape), q.dtype)
    # Unrolled steps fuse into one pass over memory; more of them take longer to compile.
    return jax.lax.scan(step, start, (left, right), reverse=True, unroll=4)[0]


_series = jax.custom_jvp(_horner)


# Differentiating the loop would keep its state after every term; the derivative of a power series
# is another one.
@_series.defjvp
def _series_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    q, left, right, pick1, pick2 = primals
    dq, dleft, dright = tangents[:3]
    order = jnp.arange(1, left.shape[0], dtype=q.dtype)[:, None]
    slope = _series(q, order * left[1:], right[1:], pick1, pick2)
    change = slope * dq
    change = change + _horner(q, dleft, right, pick1, pick2)
    change = change + _horner(q, left, dright, pick1, pick2)
    return _series(*primals), change


def small_power_series(
    q: Float[np.ndarray, "..."] | np.floating,
    left: Float[np.ndarray, "_ sets"],
    right: Float[np.ndarray, "_ sets"],
    pick1: Int[np.ndarray, "..."],
    pick2: Int[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """`power_series` in NumPy: compiling a program takes longer than a short sum over few pairs."""
    shape = np.broadcast_shapes(q.shape, pick1.shape, pick2.shape)
    total = np.zeros(shape, q.dtype)
    for a, b in zip(left[::-1], right[::-1], strict=True):
        total = total * q + a[pick1] * b[pick2]
    return np.asarray(total)
