"""In which precision a function computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

__all__ = ["as_double", "unit_of"]


def as_double(tree: Any) -> Any:
    """The floating arrays of a pytree in float64; the rest as it is."""

    def cast(leaf: Any) -> Any:
        floating = isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(
            leaf.dtype, jnp.floating
        )
        return jnp.asarray(leaf, jnp.float64) if floating else leaf

    return jax.tree.map(cast, tree)


def unit_of(function: Callable, params: Any, x: Any) -> float:
    """The distance from 1 to the next number in the narrowest type that a function computes in.

    Args:
        function: `f(params, x)`.
        params: in float64.
        x: a batch, in float64 if it is floating.

    Returns:
        2.2e-16 if no operation rounds to less than float64; that of float32 also where the
        function refuses arguments in float64.

    Cost: tracing only.
    """
    try:
        jaxpr = jax.make_jaxpr(function)(params, jnp.asarray(x[: min(2, len(x))]))
    except Exception:  # whatever a user's function raises; the caller traces it again
        return float(np.finfo(np.float32).eps)
    units = [*map(_unit, jaxpr.out_avals), *_units(jaxpr.jaxpr)]
    return max(units, default=0.0) or float(np.finfo(np.float64).eps)


def _units(jaxpr: core.Jaxpr) -> list[float]:
    found = []
    for eqn in jaxpr.eqns:
        found += [_unit(var.aval) for var in eqn.outvars]
        for inner in core.jaxprs_in_params(eqn.params):
            found += _units(inner)
    return found


def _unit(aval: Any) -> float:
    dtype = getattr(aval, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        return 0.0
    return float(jnp.finfo(dtype).eps)
