"""The tangent kernel as a sum over parts: one triangle where both batches are the same."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.tangent.factors import Form, Part
from surefit.tangent.routes import cheaper_form

__all__ = ["by_name", "mirrored", "summed"]

# Strips thinner than this cost more by their number than they save of the upper triangle.
_STRIP = 128
_STRIPS = 8
# The axis of the second example, by the number of axes.
_PARTNER = {2: 1, 3: 2, 4: 2}


def summed(
    first: Sequence[Part], second: Sequence[Part] | None, form: Form
) -> Float[Array, "n1 ..."]:
    """The sum of the Gram matrices of all parts: (n1, n2), (n1, k, n2) or (n1, k, n2, k).

    Args:
        first: parts of the gradients of one batch, at least one.
        second: those of the other; None: the first again, and one triangle is computed.
        form: which pairs of outputs.

    Cost:
        See `surefit.tangent.routes`; half of it, and a half over the number of strips, where
        `second` is None.
    """
    n1 = first[0].examples
    n2 = n1 if second is None else second[0].examples
    first = [cheaper_form(part, n1, n2, form) for part in first]
    second = None if second is None else [cheaper_form(part, n1, n2, form) for part in second]

    def strip(start: int, stop: int) -> Float[Array, "rows ..."]:
        others = [part.take(0, stop) for part in first] if second is None else second
        pairs = zip((part.take(start, stop) for part in first), others, strict=True)
        return functools.reduce(operator.add, (a.product(b, form) for a, b in pairs))

    if second is not None or n1 < 2 * _STRIP:
        return strip(0, n1)
    return mirrored(strip, n1)


def mirrored(strip: Callable[[int, int], Float[Array, "..."]], n: int) -> Float[Array, "n ..."]:
    """A symmetric array from strips of its lower triangle, symmetric up to the last bit.

    Args:
        strip: rows from the first to before the second number, with as many columns as the second.
        n: rows in all.
    """
    count = min(_STRIPS, n // _STRIP)
    edges = [n * s // count for s in range(count + 1)]
    total: Any = None
    for start, stop in itertools.pairwise(edges):
        rows = strip(start, stop)
        axis = _PARTNER[rows.ndim]
        if total is None:
            shape = list(rows.shape)
            shape[0] = shape[axis] = n
            total = jnp.zeros(shape, rows.dtype)
        before, corner = jnp.split(rows, [start], axis)
        corner = jnp.where(_below(corner, axis), corner, _turned(corner))
        below, right, diagonal = [0] * rows.ndim, [0] * rows.ndim, [0] * rows.ndim
        below[0] = right[axis] = diagonal[0] = diagonal[axis] = start
        # Written in place: a mask as large as the matrix would be a constant of the program.
        total = jax.lax.dynamic_update_slice(total, before, below) if start else total
        total = jax.lax.dynamic_update_slice(total, _turned(before), right) if start else total
        total = jax.lax.dynamic_update_slice(total, corner, diagonal)
    return total


def _below(corner: Float[Array, "b ..."], axis: int) -> Bool[Array, "b ..."]:
    own, other = (jax.lax.broadcasted_iota(jnp.int32, corner.shape, a) for a in (0, axis))
    return own >= other


def _turned(rows: Float[Array, "a ..."]) -> Float[Array, "b ..."]:
    return jnp.transpose(rows, {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 0, 1)}[rows.ndim])


def by_name(parts: Sequence[Part], whole: bool) -> dict[str, list[int]]:
    """Where the parts of every layer are, in the order of their first appearance.

    Args:
        parts: parts of gradients.
        whole: whether their names are those of layers; otherwise the last step of a name, behind
            which a single array lies, is left out.
    """
    found: dict[str, list[int]] = {}
    for index, part in enumerate(parts):
        name = part.name if whole else part.name.rpartition("/")[0] or part.name
        found.setdefault(name or "layer", []).append(index)
    return found
