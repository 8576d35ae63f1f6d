"""How much memory an example takes on its way through a function and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend import core

from surefit.core.layer import Params

__all__ = ["bytes_per_example"]


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
