"""The kernel of a network as a formula of a pair."""

from __future__ import annotations

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from surefit.core.layer import Layer
from surefit.tangent.formulas.graph import COLUMN, PAIR, ROW, Node, Values, evaluate
from surefit.tangent.formulas.trace import UnknownFormulaError, trace
from surefit.tangent.recursion import pairs_kernel
from surefit.tangent.rows import ALLOWED

__all__ = ["Formula", "formula"]

# What a formula is given: half squares less products per feature are distances; then variances,
# and sizes of rows, which say what distance can be told from a product.
GIVEN = {
    **{"product": PAIR, "half1": ROW, "half2": COLUMN},
    **{"variance1": ROW, "variance2": COLUMN, "size1": ROW, "size2": COLUMN},
}


@dataclasses.dataclass(frozen=True)
class Formula:
    """A network's kernel of a pair.

    Args:
        nodes: `nngp`, `ntk`, `variance1`, `variance2` and `close`.
        product: the node of the products of rows.
        dtype: of the numbers.
        width: the kernel's width.
        gaussian: whether the outputs are Gaussian.
    """

    nodes: dict[str, Node]
    product: Node
    dtype: str
    width: int
    gaussian: bool

    def at(
        self, names: tuple[str, ...], distance: Values, variance1: Values, variance2: Values
    ) -> list[Values]:
        """Values at pairs of half squared distances and variances, by NumPy."""
        zero = np.zeros((), self.dtype)
        given = dict.fromkeys(GIVEN, zero)
        given |= {"half1": distance, "variance1": variance1, "variance2": variance2}
        return evaluate([self.nodes[name] for name in names], given, self.dtype)


@functools.lru_cache(maxsize=64)
def formula(network: Layer, inputs: int, dtype: str) -> Formula | None:
    """The formula of a network; None where it is not known to be arithmetic of single pairs.

    Cost: the time in which JAX traces the network once.
    """
    if not network.closed_form:
        return None
    facts = {}

    def pair(
        product: Array, half1: Array, half2: Array, variance1: Array, variance2: Array,
        size1: Array, size2: Array,
    ) -> dict[str, Array]:  # fmt: skip
        apart = jnp.maximum(half1[:, None] + half2[None, :] - product / inputs, 0.0)
        least = (2.0 / ALLOWED[dtype]) ** 2 * size1
        kernel = pairs_kernel(network, inputs, apart, variance1, variance2)
        facts.update(width=kernel.width, gaussian=kernel.gaussian)
        names = ("nngp", "ntk", "variance1", "variance2")
        close = (apart < least[:, None] * size2[None, :]).astype(apart.dtype)
        return {"close": close, **{name: getattr(kernel, name) for name in names}}

    try:
        graph, nodes = trace(pair, dtype, GIVEN)
    except UnknownFormulaError:
        return None
    return Formula(nodes, graph.input("product", PAIR), dtype, **facts)
