"""How much memory examples take on their way through a function and back, and how many fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend import core
from jaxtyping import Array

from surefit.core.layer import Params
from surefit.core.memory import available_bytes, format_bytes
from surefit.errors import MemoryLimitError

__all__ = ["bytes_per_example", "examples_together"]


def bytes_per_example(apply: Callable, moving: Params, x: Any) -> int:
    """The size of everything that is computed from one example, twice.

    A backward pass keeps at most what the forward pass computed, and makes a gradient as large of
    it. Compilers fuse most of it away, so that this is an upper estimate.

    Args:
        apply: `f(params, x)` of a batch.
        moving: its parameters.
        x: a batch, or its shape.
    """
    one = jax.ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)
    closed = jax.make_jaxpr(apply)(moving, one)
    itemsize = max((aval.dtype.itemsize for aval in closed.out_avals), default=4)
    return max(2 * _computed(closed.jaxpr), itemsize)


def examples_together(
    apply: Callable, moving: Params, x1: Array, x2: Array | None, memory_limit: int | None
) -> int:
    """So many examples go through the network together in a product of `ntk_operator`.

    Args:
        apply: `f(params, x)` of a batch.
        moving: its parameters.
        x1: the batch of the rows.
        x2: the batch of the columns; None: the same.
        memory_limit: bytes that a product may use; None: what is available.

    Raises:
        MemoryLimitError: not even one example has room.
    """
    limit = available_bytes() if memory_limit is None else memory_limit
    weights = 3 * sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(moving))
    example = bytes_per_example(apply, moving, x1)
    longest = max(len(x1), 0 if x2 is None else len(x2))
    if weights + example > limit:
        raise MemoryLimitError(
            "`ntk_operator(memory_limit=...)` must have room for the gradient and one example. "
            f"These take {format_bytes(weights)} and {format_bytes(example)}; "
            f"{format_bytes(limit)} may be used. A product holds three copies of the parameters "
            f"and the activations of a block. Write memory_limit={weights + example} or more."
        )
    return min(longest, (limit - weights) // example)


def _computed(jaxpr: core.Jaxpr) -> int:
    total = 0
    for eqn in jaxpr.eqns:
        inner = list(core.jaxprs_in_params(eqn.params))
        rounds = eqn.params.get("length", 1) if eqn.primitive.name == "scan" else 1
        total += rounds * sum(map(_computed, inner))
        if not inner:
            total += sum(_bytes(var.aval) for var in eqn.outvars)
    return total


def _bytes(aval: Any) -> int:
    if not hasattr(aval, "shape"):
        return 0
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 8)
