"""A branch added to the identity."""

from __future__ import annotations

import dataclasses
import math

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.arguments import require_instance, require_reals
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Residual"]


@dataclasses.dataclass(frozen=True)
class Residual(Layer):
    r"""$x + \tau\,g(x)$ for a branch $g$ whose output has the shape of its input.

    Args:
        branch: the layer $g$. For an infinite-width limit it ends in a random linear layer, which
            makes it independent of the skip connection.
        scale: $\tau$.
    """

    branch: Layer
    scale: float = 1.0

    def __post_init__(self) -> None:
        advice = "Its output is added to its input. Write `Residual(Serial(Relu(), Dense(512)))`."
        require_instance("`Residual(branch=...)`", self.branch, Layer, "a layer", advice)
        require_reals("`Residual(scale=...)`", self.scale)
        if not math.isfinite(self.scale):
            raise InvalidInputError(
                f"`Residual(scale=...)` must be finite. Got {self.scale}. It stands in front of "
                "the branch. Write 1.0, or 1 / depth for deep networks."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Unchanged."""
        shape = self.branch.output_shape(input_shape)
        if shape != input_shape:
            raise InvalidInputError(
                "`Residual(branch=...)` must keep the shape of an example. Got "
                f"{input_shape} -> {shape}. The sum with the skip connection needs equal shapes; "
                "end the branch with a layer of as many features as come in."
            )
        return shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """The branch's parameters."""
        self.output_shape(input_shape)
        return self.branch.init(key, input_shape)

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$x + \tau\,g(x)$."""
        return x + self.scale * self.branch.apply(params, x)

    def kernel(self, k: Kernel) -> Kernel:
        """Skip and branch are uncorrelated where the branch ends in a random linear layer."""
        b = self.branch.kernel(k)
        if not b.gaussian:
            raise InvalidInputError(
                "`Residual.kernel`: the branch must end in a random linear layer. Got a branch "
                "that ends in an activation. Its output is then correlated with the skip "
                "connection and the sum has no closed-form limit. End the branch with `Dense`."
            )
        if self.branch.passes_input:
            raise InvalidInputError(
                "`Residual.kernel`: the branch must end in a random linear layer. Got a branch "
                "that is itself a residual layer. Its output contains its input and is correlated "
                "with the skip connection. Put one after the other in a `Serial`, or a `Dense` "
                "into the branch."
            )
        square = self.scale**2
        return dataclasses.replace(
            k,
            nngp=k.nngp + square * b.nngp,
            ntk=k.ntk + square * b.ntk,
            variance1=k.variance1 + square * b.variance1,
            variance2=k.variance2 + square * b.variance2,
            behind=None,
            distance=None if b.distance is None else k.distance + square * b.distance,
        )

    @property
    def homogeneous(self) -> bool:
        """Where the branch is."""
        return self.branch.homogeneous

    @property
    def closed_form(self) -> bool:
        """Where the branch has one."""
        return self.branch.closed_form

    @property
    def passes_input(self) -> bool:
        """True: that is what a residual layer is."""
        return True

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Where the branch or the skip connection does."""
        return wanted or self.branch.needs_cross_positions(wanted)

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """A hidden layer beside the inputs."""
        return Serial(cls(Serial(Dense(width), activation, Dense(16)), 0.7), Dense(4)), (16,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """As the branch says."""
        return self.branch.trainable(params)

    def project(self, params: Params) -> Params:
        """As the branch says."""
        return self.branch.project(params)
