"""float64 wherever a verdict is made, whatever the caller's JAX is set to.

JAX computes in float32 unless `jax_enable_x64` is on. A verdict about the smallest eigenvalue of
a Gram matrix needs float64: in float32 small eigenvalues come out with the wrong sign. Functions
decorated with `float64` switch x64 on for their own duration only (thread-local, no global
configuration is changed).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["as_float64", "cast_floats", "float64"]

P = ParamSpec("P")
R = TypeVar("R")


def _portable(leaf: Any) -> Any:
    # In float32 mode the next JAX operation on a 64-bit JAX array warns and truncates it;
    # NumPy keeps it.
    if isinstance(leaf, jax.Array) and leaf.dtype in (np.float64, np.int64, np.uint64):
        return np.asarray(leaf)
    return leaf


def float64(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` with 64-bit JAX, leaving the caller's setting as it was.

    Where the caller works in float32 mode, 64-bit arrays in the result are NumPy arrays, so
    that no digit is lost on the way out; in 64-bit mode the result is returned untouched.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if jax.config.jax_enable_x64:
            return function(*args, **kwargs)
        with jax.enable_x64(True):
            result = function(*args, **kwargs)
            return jax.tree.map(_portable, result)

    return wrapped


def cast_floats(tree: Any, dtype: Any) -> Any:
    """Cast the floating JAX arrays of a pytree to `dtype`, also while compiling."""

    def cast(leaf: Any) -> Any:
        floating = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)
        return leaf.astype(dtype) if floating else leaf

    return jax.tree.map(cast, tree)


def as_float64(tree: Any) -> Any:
    """Cast the floating leaves of a pytree to float64 (exactly: float32 is a subset of float64)."""

    def cast(leaf: Any) -> Any:
        array = np.asarray(leaf) if not isinstance(leaf, jax.Array) else leaf
        return array.astype(np.float64) if np.issubdtype(array.dtype, np.floating) else leaf

    return jax.tree.map(cast, tree)
