"""Kernels layer by layer: whole matrices, or tiles that stay in cache through all layers."""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.tangent.close_pairs import half_squares, replace_entries
from surefit.tangent.inputs import input_kernel
from surefit.tangent.rows import Rows, is_close, prepare, product
from surefit.tangent.tiles import below, block, fill, found_in, placed, size_for, starts

__all__ = ["pairs_kernel", "recursive_kernel", "tiled_kernel"]

SIZE = 128

Batch = tuple[Rows, Float[Array, " _"]]


def recursive_kernel(
    network: Layer, x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None
) -> Kernel:
    """Every layer for all pairs at once, with the distances of close pairs where layers keep them.

    The values of the batches are known.
    """
    k = input_kernel(x1, x2)
    if network.closed_form:
        first, second = _prepared(x1, x2)
        apart, close = _apart(first, second)
        pairs = np.argwhere(np.asarray(close & below(0, 0, *close.shape) if x2 is None else close))
        again = half_squares(*_as_numpy(x1, x2), pairs) / k.width
        exact = np.array(apart)
        replace_entries(exact, pairs, again, x2 is None)
        if x2 is None:
            np.fill_diagonal(exact, 0.0)
        apart = jnp.asarray(exact)
        nngp = _covariance(apart, k.variance1, k.variance2)
        k = dataclasses.replace(k, nngp=nngp, distance=apart)
    return network.kernel(k)


def tiled_kernel(
    network: Layer,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> Kernel:
    """All layers for one tile of pairs after the other, in one compiled loop.

    Close pairs are done again from the difference of their rows.

    Args:
        network: of closed form.
        x1: first batch.
        x2: second batch; None: the first again, by one triangle.
        get: what is wanted of `nngp` and `ntk`.

    Cost: the product of the batches, and the duals of every layer per pair (of x1 with itself:
        half of both).
    """
    symmetric = x2 is None
    first, second = _prepared(x1, x2)
    (_, s), (_, t) = first, second
    tiles = starts(len(s), len(t), size_for(x1, SIZE), symmetric)
    static = (network, get, symmetric, x1.shape[1], tiles[1:])
    matrices, marks = fill(_values, static, (first, second), tiles, (len(s), len(t)), symmetric)
    # The variances of all rows, with one column and one row of any distance.
    column = _line(network, x1.shape[1], s, t[:1])
    row = column if symmetric else _line(network, x1.shape[1], s[:1], t)
    by_name = dict(zip(get, matrices, strict=True))
    if symmetric and "nngp" in get:
        np.fill_diagonal(by_name["nngp"], column.variance1)
    pairs, _ = found_in(
        tiles,
        marks,
        lambda i, j: _marked(*tiles[1:], symmetric, jnp.asarray(i), jnp.asarray(j), first, second),
    )
    if len(pairs):
        apart, values = _again(network, get, x1, x2, pairs)
        for matrix, again in zip(matrices, values, strict=True):
            # Equal rows have what a row has with itself, bit by bit.
            own = np.diagonal(matrix)[pairs[:, 0]] if symmetric else again
            replace_entries(matrix, pairs, np.where(apart > 0, again, own), symmetric)
    return Kernel(
        nngp=placed(by_name.get("nngp"), x1),
        ntk=placed(by_name.get("ntk"), x1),
        variance1=column.variance1,
        variance2=column.variance1 if symmetric else row.variance2,
        width=column.width,
        gaussian=column.gaussian,
        symmetric=symmetric,
    )


@jax.jit
def _prepared(x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None) -> tuple[Batch, Batch]:
    """Rows less their mean, per root of the dimension, and variances; of both batches."""
    root = x1.shape[1] ** 0.5
    mean = jnp.mean(x1, axis=0)

    def batch(x: Float[Array, "n d"]) -> Batch:
        return prepare((x - mean[None, :]) / root), jnp.sum(x * x, axis=1) / x.shape[1]

    first = batch(x1)
    return first, first if x2 is None else batch(x2)


@jax.jit
def _apart(first: Batch, second: Batch) -> tuple[Float[Array, "n m"], Bool[Array, "n m"]]:
    """Half the squared distances of all pairs, and which of them are to be done again."""
    (rows1, variance1), (rows2, variance2) = first, second
    apart = jnp.maximum(product(rows1, rows2), 0.0)

    def size(rows: Rows, variance: Float[Array, " n"]) -> Float[Array, " n"]:
        return rows.half / jnp.sqrt(jnp.where(variance > 0, jnp.sqrt(variance), 1.0))

    return apart, is_close(apart, size(rows1, variance1), size(rows2, variance2))


def _tile(batch: Batch, start: Array, size: int) -> Batch:
    return batch[0].block(start, size), block(batch[1], start, size)


def _covariance(
    apart: Float[Array, "n m"], s: Float[Array, " n"], t: Float[Array, " m"]
) -> Float[Array, "n m"]:
    """From the distance, so that equal rows have what a row has with itself, bit by bit."""
    there = (s > 0)[:, None] & (t > 0)[None, :]
    return jnp.where(there, (s[:, None] + t[None, :]) / 2 - apart, 0.0)


def pairs_kernel(
    network: Layer, width: int, apart: Float[Array, "n m"], s: Array, t: Array
) -> Kernel:
    """The network's kernel from half squared distances and variances."""
    return network.kernel(
        Kernel(
            nngp=_covariance(apart, s, t),
            ntk=jnp.zeros_like(apart),
            variance1=s,
            variance2=t,
            width=width,
            distance=apart,
        )
    )


def _values(
    network: Layer,
    get: tuple[str, ...],
    symmetric: bool,
    inputs: int,
    size: tuple[int, int],
    i: Array,
    j: Array,
    first: Batch,
    second: Batch,
) -> tuple[tuple[Float[Array, "a b"], ...], Bool[Array, ""]]:
    """One tile of the matrices, and whether it has close pairs."""
    height, width = size
    one, two = _tile(first, i, height), _tile(second, j, width)
    apart, close = _apart(one, two)
    if symmetric:
        close &= below(i, j, height, width)
        apart = jnp.where(below(i, j, height, width) | below(j, i, width, height).T, apart, 0.0)
    kernel = pairs_kernel(network, inputs, apart, one[1], two[1])
    return tuple(getattr(kernel, name) for name in get), jnp.any(close)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _line(network: Layer, inputs: int, s: Float[Array, " n"], t: Float[Array, " m"]) -> Kernel:
    """The kernel of features of these variances that are equal otherwise."""
    return pairs_kernel(network, inputs, jnp.zeros((s.shape[0], t.shape[0]), s.dtype), s, t)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _marked(
    height: int, width: int, symmetric: bool, i: Array, j: Array, first: Batch, second: Batch
) -> tuple[Bool[Array, "a b"], Bool[Array, "a b"]]:
    _, close = _apart(_tile(first, i, height), _tile(second, j, width))
    close = close & below(i, j, height, width) if symmetric else close
    return close, jnp.zeros_like(close)


def _as_numpy(
    x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    first = np.asarray(x1, np.float64)
    return first, first if x2 is None else np.asarray(x2, np.float64)


def _again(
    network: Layer,
    get: tuple[str, ...],
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    pairs: Int[np.ndarray, "p 2"],
) -> tuple[Float[np.ndarray, " p"], tuple[Float[np.ndarray, " p"], ...]]:
    """The exact distances of some pairs, and the values from them."""
    a, b = _as_numpy(x1, x2)
    d = x1.shape[1]
    columns = [half_squares(a, b, pairs) / d]
    for x, index in ((a, pairs[:, 0]), (b, pairs[:, 1])):
        columns.append((np.einsum("nd,nd->n", x, x) / d)[index])
    length = max(64, 2 ** (len(pairs) - 1).bit_length())
    padded = (np.resize(c, length).astype(x1.dtype) for c in columns)
    found = _single(network, get, d, *map(jnp.asarray, padded))
    return columns[0], tuple(np.asarray(v)[: len(pairs)] for v in found)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _single(
    network: Layer,
    get: tuple[str, ...],
    inputs: int,
    apart: Float[Array, " p"],
    s: Float[Array, " p"],
    t: Float[Array, " p"],
) -> tuple[Float[Array, " p"], ...]:
    def one(d: Array, v1: Array, v2: Array) -> tuple[Array, ...]:
        kernel = pairs_kernel(network, inputs, d[None, None], v1[None], v2[None])
        return tuple(getattr(kernel, name)[0, 0] for name in get)

    return jax.vmap(one)(apart, s, t)
