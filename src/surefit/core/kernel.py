"""Covariances of a batch pair: what a layer turns into covariances of its outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["Behind", "Kernel"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Behind:
    """The Gaussian features that the last activation acted on.

    Second moments say all about Gaussian features, and not enough about those behind an
    activation; a layer that needs more than second moments finds the source here.

    Args:
        kernel: of the features that flowed into the activation, jointly Gaussian.
        activation: what acted on them.
    """

    kernel: Kernel
    activation: Hashable = dataclasses.field(metadata={"static": True})


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
        behind: where the features come from, if they are those behind an activation of Gaussian
            features.
    """

    nngp: Float[Array, "n1 n2"]
    ntk: Float[Array, "n1 n2"]
    variance1: Float[Array, " n1"]
    variance2: Float[Array, " n2"]
    width: int = dataclasses.field(metadata={"static": True})
    gaussian: bool = dataclasses.field(default=False, metadata={"static": True})
    symmetric: bool = dataclasses.field(default=False, metadata={"static": True})
    behind: Behind | None = None

    def without_tangent(self) -> Kernel:
        """The same covariances, with no gradient coming from what lies before."""
        behind = self.behind
        if behind is not None:
            behind = dataclasses.replace(behind, kernel=behind.kernel.without_tangent())
        return dataclasses.replace(self, ntk=jnp.zeros_like(self.ntk), behind=behind)

    def without_output(self) -> Kernel:
        """The same tangent kernel, of outputs that are 0 at the start."""
        return dataclasses.replace(
            self,
            nngp=jnp.zeros_like(self.nngp),
            variance1=jnp.zeros_like(self.variance1),
            variance2=jnp.zeros_like(self.variance2),
            behind=None,
        )
