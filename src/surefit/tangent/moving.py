"""What of a network moves, and what it does to the outputs: products with the Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.layers import Linearised

__all__ = ["pulled", "pushed", "trained_part", "unwrapped"]


def trained_part(network: Layer | Callable, params: Params) -> tuple[Params, Callable]:
    """The parameters that move, and `apply` as a function of those and of a batch."""
    if not isinstance(network, Layer):
        moving, fixed = eqx.partition(params, eqx.is_inexact_array)
        if jax.tree.leaves(fixed):
            return moving, lambda part, x: network(eqx.combine(part, fixed), x)
        return params, network
    moving, fixed = eqx.partition(params, network.trainable(params))
    return moving, lambda part, x: network.apply(eqx.combine(part, fixed), x)


def unwrapped(network: Layer | Callable, params: Params) -> tuple[Layer | Callable, Params]:
    """The network whose gradients are asked for: of an expansion, its own at the anchor."""
    while isinstance(network, Linearised):
        network, params = network.network, params["anchor"]
    return network, params


@eqx.filter_jit
def pulled(apply: Callable, moving: Params, x: Array, rows: Float[Array, "..."]) -> Params:
    r"""$J^\top v$ for the entries `rows` of the outputs, example by example.

    Args:
        apply: the network as a function of what moves and of a batch.
        moving: the parameters that move.
        x: the batch.
        rows: $v$, n k numbers in any shape.
    """
    with jax.default_matmul_precision("highest"):
        outputs, pull = jax.vjp(lambda part: apply(part, x), moving)
        return pull(rows.reshape(outputs.shape).astype(outputs.dtype))[0]


@eqx.filter_jit
def pushed(apply: Callable, moving: Params, x: Array, direction: Any) -> Float[Array, "n k"]:
    """$J u$ for a direction `u` of what moves; the other arguments as in `pulled`."""
    with jax.default_matmul_precision("highest"):
        return jax.jvp(lambda part: apply(part, x), (moving,), (direction,))[1]
