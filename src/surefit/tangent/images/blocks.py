"""Kernels of images in blocks of pairs that stay in cache through all layers.

A block is one image of the first batch with `b` of the second. Its covariances are arrays
(*space, b), the pairs innermost, so that sums over windows are sums of rows; a block passes all
layers before the next one begins. What depends on one image alone is computed once.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from surefit.tangent.images.duals import prepare
from surefit.tangent.images.pairs import DistinctPairs, OwnPairs
from surefit.tangent.images.plan import Plan
from surefit.tangent.images.totals import inputs, total

__all__ = ["Columns", "block_size", "columns_of", "compiled_own", "compiled_pairs", "rows_of"]

# Bytes that a block may occupy: less than the second-level cache of a core.
_CACHE = 2**20
# How many images are alive at once inside a block.
_IMAGES = 8

# Blocks are small; dividing each of them among threads costs more than it gains. Threads take
# blocks instead.
_OPTIONS = {"xla_cpu_multi_thread_eigen": False}

Columns = tuple[Float[Array, "blocks channels ..."], tuple[tuple[Float[Array, "..."], ...], ...]]


def block_size(plan: Plan, input_space: tuple[int, ...], itemsize: int, n: int) -> int:
    """How many pairs make a block: a multiple of 16 between 16 and 128, and no more than needed."""
    largest = max([math.prod(input_space), *(math.prod(op.space) for op in plan.nodes)])
    fits = _CACHE // (_IMAGES * itemsize * largest)
    needed = -(-n // 16) * 16
    return max(16, min(fits // 16 * 16, 128, needed))


def columns_of(x: Float[Array, "n ..."], b: int) -> Float[Array, "blocks channels ..."]:
    """Images (n, *space, channels) as blocks (blocks, channels, *space, b), filled with zeros."""
    n, blocks = x.shape[0], -(-x.shape[0] // b)
    x = jnp.pad(x, [(0, blocks * b - n), *[(0, 0)] * (x.ndim - 1)])
    return jnp.moveaxis(jnp.moveaxis(x.reshape(blocks, b, *x.shape[1:]), 1, -1), -2, 1)


def rows_of(v: Float[Array, "blocks ..."], n: int) -> Float[Array, "n ..."]:
    """Blocks (blocks, ..., b) as one array (n, ...)."""
    v = jnp.moveaxis(v, -1, 1)
    return v.reshape(-1, *v.shape[2:])[:n]


@functools.lru_cache(maxsize=64)
def compiled_own(
    plan: Plan, space: tuple[int, ...], tangent: bool, columns: jax.ShapeDtypeStruct
) -> jax.stages.Compiled:
    """Of blocks of images: what is prepared for every node, variances and own tangent kernels."""

    def own(blocks: Float[Array, "blocks ..."], always: Array) -> tuple:
        def one(x: Float[Array, "channels ..."]) -> tuple:
            pairs = OwnPairs(plan.ring, plan.shifted, always)
            c, t = total(plan, inputs(plan, space, x, x), pairs, tangent)
            prepared = tuple(prepare(op, pairs.variances[op.node]) for op in plan.nodes)
            return prepared, c, t

        return jax.lax.map(one, blocks)

    return _compiled(own, columns)


@functools.lru_cache(maxsize=64)
def compiled_pairs(
    plan: Plan,
    space: tuple[int, ...],
    tangent: bool,
    rows: tuple,
    columns: tuple,
    jobs: jax.ShapeDtypeStruct,
) -> jax.stages.Compiled:
    """Of rows and blocks of columns: NNGP and tangent kernel (jobs, b) of pairs (row, block).

    The shapes are those of images and of what was prepared, as trees of `jax.ShapeDtypeStruct`.
    """

    def blocks(rows: tuple, columns: tuple, jobs: Int[Array, "jobs 2"], always: Array) -> tuple:
        def one(job: Int[Array, "2"]) -> tuple[Array, Array]:
            x, prepared = jax.tree.map(lambda v: v[job[0]][..., None], rows)
            y, others = jax.tree.map(lambda v: v[job[1]], columns)
            pairs = DistinctPairs(plan.ring, plan.shifted, always, plan.nodes, prepared, others)
            return total(plan, inputs(plan, space, x, y), pairs, tangent)

        return jax.lax.map(one, jobs)

    return _compiled(blocks, rows, columns, jobs)


def _compiled(function, *shapes) -> jax.stages.Compiled:
    always = jax.ShapeDtypeStruct((), jnp.bool_)
    lowered = jax.jit(function).lower(*shapes, always)
    return lowered.compile(compiler_options=_OPTIONS)
