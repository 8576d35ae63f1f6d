"""Parameters as vectors: the little linear algebra of pytrees that training and theory need.

`None` stands for "no leaf here", as everywhere in JAX, so a tree and its trainable part (see
`partition`) can both be measured.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from surefit.errors import InvalidInputError

__all__ = [
    "add_scaled",
    "combine",
    "count",
    "difference",
    "dot",
    "leaf_names",
    "norm",
    "partition",
    "ravel",
]


def ravel(tree: PyTree) -> tuple[Float[Array, " p"], Callable[[Float[Array, " p"]], PyTree]]:
    """All leaves in one vector, and the function that puts such a vector back into the tree."""
    vector, unravel = ravel_pytree(tree)
    return vector, unravel


def dot(a: PyTree, b: PyTree) -> Float[Array, ""]:
    r"""$\langle a, b\rangle$ over all leaves.

    Raises:
        InvalidInputError: the trees differ in structure or in the shape of a leaf.
    """
    _same("dot", a, b)
    products = jax.tree.leaves(jax.tree.map(jnp.vdot, a, b))
    return functools.reduce(operator.add, products) if products else jnp.zeros(())


def norm(tree: PyTree) -> Float[Array, ""]:
    r"""$\sqrt{\langle a, a\rangle}$ over all leaves. Its derivative at zero is not defined."""
    return jnp.sqrt(dot(tree, tree))


def add_scaled(a: PyTree, s: Any, b: PyTree) -> PyTree:
    """`a + s * b`, leaf by leaf, in the precision of the leaves of `a`.

    Args:
        a: a tree of arrays.
        s: a number or a scalar array.
        b: a tree of the same structure.

    Raises:
        InvalidInputError: the trees differ in structure or in the shape of a leaf.
    """
    _same("add_scaled", a, b)

    def leaf(x: Array, y: Array) -> Array:
        kind = jnp.result_type(x)
        return jnp.asarray(x) + jnp.asarray(s, kind) * jnp.asarray(y, kind)

    return jax.tree.map(leaf, a, b)


def difference(a: PyTree, b: PyTree) -> PyTree:
    """`a - b`, leaf by leaf.

    Raises:
        InvalidInputError: the trees differ in structure or in the shape of a leaf.
    """
    return add_scaled(a, -1, b)


def partition(tree: PyTree, mask: PyTree) -> tuple[PyTree, PyTree]:
    """Split a tree into the leaves where `mask` is True and the others, `None` in their place.

    Args:
        tree: the tree to split.
        mask: a tree of booleans; a boolean in place of a subtree counts for all of it.

    Returns:
        The chosen part and the rest; `combine` undoes it.
    """
    return eqx.partition(tree, mask)


def combine(*trees: PyTree) -> PyTree:
    """Put the parts that `partition` made back together."""
    return eqx.combine(*trees)


def count(tree: PyTree) -> int:
    """How many numbers the leaves hold; a description by `jax.ShapeDtypeStruct` does as well."""
    return sum(math.prod(getattr(leaf, "shape", ())) for leaf in jax.tree.leaves(tree))


def leaf_names(tree: PyTree) -> tuple[str, ...]:
    """A readable name for every leaf, in the order of the leaves: `"0/w"`, `"2/w"`."""
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]]
    return tuple(jax.tree_util.keystr(path, simple=True, separator="/") for path in paths)


def _same(call: str, a: PyTree, b: PyTree) -> None:
    structures = jax.tree.structure(a), jax.tree.structure(b)
    if structures[0] != structures[1]:
        raise InvalidInputError(
            f"`{call}(a, b)` must be given trees of the same structure. Got {structures[0]} and "
            f"{structures[1]}. Parameters of different networks have no inner product. Pass two "
            "trees that came from the same `init`."
        )
    for name, x, y in zip(leaf_names(a), jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if jnp.shape(x) != jnp.shape(y):
            raise InvalidInputError(
                f"`{call}(a, b)` must be given leaves of the same shape. Got {jnp.shape(x)} and "
                f"{jnp.shape(y)} at {name!r}. The two trees belong to networks of different "
                "width. Pass two trees that came from the same `init`."
            )
