"""Compositions of several branches on the same input: what sums, products and joins share."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.projection import project_parts
from surefit.errors import InvalidInputError
from surefit.layers.serial import Serial

__all__ = ["Branches", "kernel_behind"]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Branches(Layer):
    """Several layers that see the same input; what becomes of their outputs is the subclass's.

    Args:
        *branches: the layers.
    """

    branches: tuple[Layer, ...]

    def __init__(self, *branches: Layer) -> None:
        wrong = [branch for branch in branches if not isinstance(branch, Layer)]
        if wrong or not branches:
            name, got = type(self).__name__, repr(wrong[0]) if wrong else "none"
            raise InvalidInputError(
                f"`{name}(*branches)` must be given one or more layers. Got {got}. Every branch is "
                f"applied to the same input. Write instances, for example `{name}(Dense(1), "
                "Dense(1))`."
            )
        object.__setattr__(self, "branches", branches)

    def common_shape(self, input_shape: Shape) -> Shape:
        """The shape of the outputs of all branches.

        Raises:
            InvalidInputError: they have different ones.
        """
        shapes = [branch.output_shape(input_shape) for branch in self.branches]
        if len(set(shapes)) > 1:
            name = type(self).__name__
            raise InvalidInputError(
                f"`{name}(*branches)` must be given branches with outputs of one shape. Got "
                f"{shapes} from examples of shape {input_shape}. Outputs meet entry by entry. End "
                "every branch with as many features."
            )
        return shapes[0]

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """A tuple with the parameters of each branch; every branch draws from its own key."""
        self.output_shape(input_shape)
        keys = jax.random.split(key, len(self.branches))
        return tuple(
            branch.init(own, input_shape) for branch, own in zip(self.branches, keys, strict=True)
        )

    @property
    def homogeneous(self) -> bool:
        """Whether every branch is."""
        return all(branch.homogeneous for branch in self.branches)

    @property
    def closed_form(self) -> bool:
        """Whether every branch has one."""
        return all(branch.closed_form for branch in self.branches)

    @property
    def passes_input(self) -> bool:
        """Whether a branch does."""
        return any(branch.passes_input for branch in self.branches)

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Whether a branch does."""
        return any(branch.needs_cross_positions(wanted) for branch in self.branches)

    def trainable(self, params: Params) -> PyTree[bool]:
        """As every branch says for itself."""
        return tuple(
            branch.trainable(own) for branch, own in zip(self.branches, params, strict=True)
        )

    def project(self, params: Params) -> Params:
        """As every branch says for itself."""
        return project_parts(self.branches, params)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.branches))})"


def kernel_behind(layer: Layer, k: Kernel) -> tuple[Kernel, bool]:
    """The kernel behind a branch, and whether the branch is independent of all others.

    It is where all its features have gone through a random linear layer of its own: given what
    flows in, they then depend on weights that nobody else has.

    Args:
        layer: the branch.
        k: of what flows in.
    """
    if isinstance(layer, Serial):
        independent = False
        for child in layer.layers:
            k, own = kernel_behind(child, k)
            independent = independent or own
        return k, independent
    behind = layer.kernel(k)
    return behind, behind.gaussian and not layer.passes_input
