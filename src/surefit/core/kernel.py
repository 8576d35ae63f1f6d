"""Covariances of a batch pair: what a layer turns into covariances of its outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.positions import (
    Space,
    as_columns,
    as_rows,
    own_positions,
    with_own_positions,
)

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

    Images and sequences have features at every position of a `space`. Their covariances are those
    of equal positions, $E[f_p(x_i) f_p(x'_j)]$ of shape (n1, n2, *space), or, where pooling
    mixes positions later on, those of all pairs, $E[f_p(x_i) f_{p'}(x'_j)]$ of shape
    (n1, n2, *space, *space). Vectors have no positions.

    Args:
        nngp: $E[f(x_i) f(x'_j)]$ per feature over random weights; None only in what
            `limit_kernel` returns, where it was not asked for.
        ntk: the tangent kernel $\langle\nabla f(x_i), \nabla f(x'_j)\rangle$, zero at the inputs;
            None likewise.
        variance1: $E[f(x_i)^2]$ of the first batch, (n1, *space); with `cross` those of all pairs
            of positions of an example, (n1, *space, *space).
        variance2: $E[f(x'_j)^2]$ of the second batch.
        width: number of features at this place; parameterisations that do not divide by it need it.
        gaussian: whether the features are jointly Gaussian in the limit of infinite width, which
            an activation needs and takes away.
        symmetric: whether both batches are the same, so that the diagonal is known exactly.
        behind: where the features come from, if they are those behind an activation of Gaussian
            features.
        space: the axes of positions: (height, width) of images; () of vectors.
        cross: whether covariances between different positions are held too.
        distance: $\frac12E(f(x_i) - f(x'_j))^2$ of vectors, which keeps the digits of close pairs
            that a difference of covariances has lost; only where every layer of the network
            carries it on (`Layer.closed_form`).
        route: how the numbers were found, where `limit_kernel` chose: in words.
    """

    nngp: Float[Array, "n1 n2 ..."] | None
    ntk: Float[Array, "n1 n2 ..."] | None
    variance1: Float[Array, "n1 ..."]
    variance2: Float[Array, "n2 ..."]
    width: int = dataclasses.field(metadata={"static": True})
    gaussian: bool = dataclasses.field(default=False, metadata={"static": True})
    symmetric: bool = dataclasses.field(default=False, metadata={"static": True})
    behind: Behind | None = None
    space: Space = dataclasses.field(default=(), metadata={"static": True})
    cross: bool = dataclasses.field(default=False, metadata={"static": True})
    distance: Float[Array, "n1 n2"] | None = None
    route: str = dataclasses.field(default="", metadata={"static": True})

    def pairwise(self, function: Callable) -> tuple[Array, Array, Array]:
        """A function of every pair of features: for `nngp`, `variance1` and `variance2`.

        The correlation of a feature with itself is exactly one; recomputed from the matrix it
        would be one up to rounding, and an arccos turns that into half the digits. What meets
        itself is therefore taken from the variances.

        Args:
            function: of a covariance and of both variances, which broadcast against each other.
        """
        own1 = self._own(function, self.variance1)
        own2 = own1 if self.symmetric else self._own(function, self.variance2)
        s = as_rows(self._diagonal(self.variance1), self.space, self.cross)
        t = as_columns(self._diagonal(self.variance2), self.space, self.cross)
        matrix = function(self.nngp, s, t)
        if self.symmetric:
            diagonal = jnp.arange(matrix.shape[0])
            matrix = matrix.at[diagonal, diagonal].set(own1)
        return matrix, own1, own2

    def same_positions(self) -> Kernel:
        """The same kernel without the covariances between different positions."""
        if not self.cross:
            return self
        n1, n2 = self.nngp.shape[:2]

        def diagonal(v: Array) -> Array:
            flat = v.reshape(n1 * n2, *self.space, *self.space)
            return own_positions(flat, self.space).reshape(n1, n2, *self.space)

        behind = self.behind
        if behind is not None:
            behind = dataclasses.replace(behind, kernel=behind.kernel.same_positions())
        return dataclasses.replace(
            self,
            nngp=diagonal(self.nngp),
            ntk=diagonal(self.ntk),
            variance1=self._diagonal(self.variance1),
            variance2=self._diagonal(self.variance2),
            behind=behind,
            cross=False,
        )

    def _diagonal(self, v: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        return own_positions(v, self.space) if self.cross else v

    def _own(self, function: Callable, v: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        d = self._diagonal(v)
        on = function(d, d, d)
        if not self.cross:
            return on
        ones = (1,) * len(self.space)
        first, second = d.reshape(*d.shape, *ones), d.reshape(d.shape[0], *ones, *self.space)
        return with_own_positions(function(v, first, second), self.space, on)

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
            distance=None,
        )
