"""Covariances of a batch pair: what a layer turns into covariances of its outputs."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float

__all__ = ["Kernel"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Kernel:
    r"""Covariances of a batch pair at one place of a network of infinite width.

    Args:
        nngp: $E[f(x_i) f(x'_j)]$ per feature over random weights.
        ntk: the tangent kernel $\langle\nabla f(x_i), \nabla f(x'_j)\rangle$, zero at the inputs.
        variance1: $E[f(x_i)^2]$ of the first batch.
        variance2: $E[f(x'_j)^2]$ of the second batch.
        width: number of features at this place; parameterisations that do not divide by it need it.
        gaussian: whether the features are jointly Gaussian in the limit of infinite width, which
            an activation needs and takes away.
        symmetric: whether both batches are the same, so that the diagonal is known exactly.
    """

    nngp: Float[Array, "n1 n2"]
    ntk: Float[Array, "n1 n2"]
    variance1: Float[Array, " n1"]
    variance2: Float[Array, " n2"]
    width: int = dataclasses.field(metadata={"static": True})
    gaussian: bool = dataclasses.field(default=False, metadata={"static": True})
    symmetric: bool = dataclasses.field(default=False, metadata={"static": True})
