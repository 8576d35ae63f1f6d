"""The tangent kernel as a sum over parts: one triangle where both batches are the same."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.tangent.factors import Form, Part
from surefit.tangent.routes import cheaper_form

__all__ = ["by_name", "mirrored", "summed"]

# Blocks with fewer rows cost more by their number than they save of the upper triangle.
_ROWS = 128
_BLOCKS = 8
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
        See `surefit.tangent.routes`; half of it, and a half over the number of blocks per side,
        where `second` is None.
    """
    n1 = first[0].examples
    n2 = n1 if second is None else second[0].examples
    first = [cheaper_form(part, n1, n2, form) for part in first]
    second = None if second is None else [cheaper_form(part, n1, n2, form) for part in second]

    def product(left: Sequence[Part], right: Sequence[Part]) -> Float[Array, "n1 ..."]:
        pairs = zip(left, right, strict=True)
        return functools.reduce(operator.add, (a.product(b, form) for a, b in pairs))

    if second is not None:
        return product(first, second)
    rows = n1 * (first[0].outputs if form == "full" else 1)
    if rows < 2 * _ROWS:
        return product(first, first)

    cutters = [part.cutter() for part in first]

    def block(start: Any, other: Any, size: int) -> Float[Array, "size ..."]:
        own, partners = ([cut(at, size) for cut in cutters] for at in (start, other))
        return product(own, partners)

    return mirrored(block, n1, min(_BLOCKS, rows // _ROWS))


def mirrored(
    block: Callable[[Any, Any, int], Float[Array, "size ..."]], n: int, count: int
) -> Float[Array, "n ..."]:
    """A symmetric array from blocks of its lower triangle, symmetric up to the last bit.

    Args:
        block: entries of the examples from the first number on with those from the second on, so
            many of either as the third says.
        n: examples in all.
        count: blocks per side.
    """
    size = -(-n // count)
    first, second = (jnp.asarray(at, jnp.int32) for at in np.tril_indices(-(-n // size)))
    like = jax.eval_shape(lambda at: block(at, at, size), first[0])
    partner = _PARTNER[len(like.shape)]
    shape = [n if axis in (0, partner) else m for axis, m in enumerate(like.shape)]

    def step(index: Any, total: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        # The last blocks overlap those before them where `size` does not divide n. The very last,
        # on the diagonal, covers whatever of that is not symmetric.
        row, column = (jnp.minimum(at[index] * size, n - size) for at in (first, second))
        entries = jax.lax.cond(
            row == column, _symmetrised, lambda values: values, block(row, column, size)
        )
        for values, at in ((_turned(entries), (column, row)), (entries, (row, column))):
            corner = [jnp.zeros_like(row)] * len(shape)
            corner[0], corner[partner] = at
            total = jax.lax.dynamic_update_slice(total, values, corner)
        return total

    return jax.lax.fori_loop(0, len(first), step, jnp.zeros(shape, like.dtype))


def _symmetrised(block: Float[Array, "b ..."]) -> Float[Array, "b ..."]:
    # A mean, not a choice by comparing indices: of that XLA makes programs that take minutes to
    # compile and overflow the stack, for blocks of 500 to 1000 rows.
    return 0.5 * block + 0.5 * _turned(block)


def _turned(block: Float[Array, "a ..."]) -> Float[Array, "b ..."]:
    return jnp.transpose(block, {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 0, 1)}[block.ndim])


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
