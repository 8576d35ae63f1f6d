"""The empirical tangent kernel, as users ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.errors import InvalidInputError
from surefit.tangent.gram import tangent_blocks

__all__ = ["empirical_ntk"]


def empirical_ntk(
    network: Layer | Callable,
    params: Params,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
    outputs: Literal["mean", "all"] | int = "mean",
) -> Float[Array, "n1 n2"] | Float[Array, "n1 n2 k k"]:
    r"""$\langle\nabla f(x_i), \nabla f(x'_j)\rangle$ over the trained parameters.

    Args:
        network: a layer, or any function `f(params, x) -> (n, k)` of a batch; all parameters of a
            function count as trained.
        params: its parameters.
        x1: first batch.
        x2: second batch; None: the first again.
        outputs: `mean` averages over the outputs, which is what the limit kernel is the limit of;
            `all` gives every pair of outputs as trailing axes; a number picks one output.

    Returns:
        Shape (n1, n2), or (n1, n2, k, k) for `all`, in the precision of the arguments.

    Raises:
        InvalidInputError: `outputs` is none of the above.

    References:
        Jacot, Gabriel, Hongler (2018), section 4.
    """
    blocks = tangent_blocks(network, params, x1, x2)
    if outputs == "all":
        return jnp.transpose(blocks, (2, 3, 0, 1))
    if outputs == "mean":
        return jnp.einsum("aaij->ij", blocks) / blocks.shape[0]
    if isinstance(outputs, int) and -blocks.shape[0] <= outputs < blocks.shape[0]:
        return blocks[outputs, outputs]
    raise InvalidInputError(
        f"`empirical_ntk(outputs=...)` must be 'mean', 'all' or the number of an output below "
        f"{blocks.shape[0]}. Got {outputs!r}. The kernel of several outputs has one block per pair "
        "of outputs. Use 'all' to get every block."
    )
