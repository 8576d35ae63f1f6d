r"""A leaf of the parameters on its way to the operation that uses it.

Transposes, reshapes and scalar factors map a leaf to what an operation sees by $cP$ with an
isometry $P$: inner products of gradients with respect to the leaf are $c^2$ times those with
respect to its view. Whatever else happens to a leaf ends the view.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

__all__ = ["Value", "View", "moved"]

# The operation and which of its parameters decide about the isometry.
_ISOMETRIES = {
    "transpose": ("permutation",),
    "reshape": ("new_sizes", "dimensions"),
    "squeeze": ("dimensions",),
    "expand_dims": ("dimensions",),
    "broadcast_in_dim": ("shape", "broadcast_dimensions"),
    "rev": ("dimensions",),
    "copy": (),
    "copy_p": (),
}


@dataclasses.dataclass(frozen=True)
class View:
    """What became of a leaf.

    Args:
        leaf: its number.
        scale: $c$, a number or a scalar array.
        path: the isometries so far; two views of a leaf with equal paths have equal coordinates.
        loops: for every loop around, from outside: `shared` (all rounds see the same weights) or
            `stacked` (every round sees its own), and the number of rounds.
    """

    leaf: int
    scale: Any = 1.0
    path: tuple = ()
    loops: tuple[tuple[str, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class Value:
    """An array, and the leaf that it shows, if it does."""

    array: Any
    view: View | None = None


def moved(eqn: core.JaxprEqn, inputs: list[Value], array: Any) -> Value | None:
    """The view behind an operation that keeps one; None where it ends.

    Args:
        eqn: the operation.
        inputs: its inputs, at least one of them a view.
        array: its output.
    """
    name, view = eqn.primitive.name, inputs[0].view
    if name in _ISOMETRIES and len(inputs) == 1:
        if math.prod(jnp.shape(array)) != math.prod(jnp.shape(inputs[0].array)):
            return None
        step = (name, *(str(eqn.params.get(key)) for key in _ISOMETRIES[name]))
        return Value(array, dataclasses.replace(view, path=(*view.path, step)))
    if name == "neg":
        return Value(array, _scaled(view, -1.0))
    if name == "convert_element_type" and jnp.issubdtype(jnp.result_type(array), jnp.floating):
        return Value(array, view)
    if name in ("mul", "div") and len(inputs) == 2:
        return _multiplied(name, inputs, array)
    return None


def _multiplied(name: str, inputs: list[Value], array: Any) -> Value | None:
    one, other = inputs
    if name == "mul" and (one.view is None or jnp.size(one.array) < jnp.size(other.array)):
        one, other = other, one
    if one.view is None or jnp.size(other.array) != 1:
        return None
    if other.view is not None and (other.view.leaf == one.view.leaf or jnp.size(one.array) == 1):
        return None
    if jnp.shape(array) != jnp.shape(one.array):
        return None
    # Numbers written in the function are known while tracing.
    known = not isinstance(other.array, jax.Array)
    factor = float(other.array) if known else jnp.reshape(other.array, ())
    return Value(array, _scaled(one.view, factor if name == "mul" else 1.0 / factor))


def _scaled(view: View, factor: Any) -> View:
    return dataclasses.replace(view, scale=view.scale * factor)
