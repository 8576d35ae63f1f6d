"""The extension point of networks: a frozen description of a map with parameters."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, TypeAlias

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel

__all__ = ["Layer", "Params", "Shape"]

Shape: TypeAlias = tuple[int, ...]
Params: TypeAlias = PyTree[Any]


class Layer(abc.ABC):
    r"""A frozen description of a map with parameters; networks are layers too.

    To add one, write a frozen dataclass in a new file of `surefit/layers/` with `output_shape`,
    `init`, `apply` and `kernel`. Instances are hashable and hold no arrays: parameters live in the
    pytree that `init` makes. Shapes are those of one example, without the batch axis.

    Attributes:
        homogeneous: whether $g(ax) = a\,g(x)$ for all $a \ge 0$ and all parameters; the kernels of
            a network of vectors then are one function of the angle.
        closed_form: whether `kernel` is one formula for every pair of vectors, which can be
            compiled and evaluated tile by tile, and keeps `Kernel.distance` up to date.
    """

    homogeneous: ClassVar[bool] = False
    closed_form: ClassVar[bool] = False

    @abc.abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one example behind the layer.

        Raises:
            InvalidInputError: the layer cannot take this shape.
        """

    @abc.abstractmethod
    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """Random parameters for examples of `input_shape`, in JAX's current default precision."""

    @abc.abstractmethod
    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The outputs for a batch `x`."""

    @abc.abstractmethod
    def kernel(self, k: Kernel) -> Kernel:
        """The covariances behind the layer in the limit of infinite width.

        Raises:
            InvalidInputError: the composition has no known limit; the message names the
                mathematics that is missing.
        """

    @property
    def passes_input(self) -> bool:
        """Whether the output contains the input itself, as behind a skip connection.

        It is then correlated with the input also in the limit of infinite width.
        """
        return False

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Whether `kernel` must be given covariances between different positions.

        Most layers treat all pairs of positions alike, and need those that are wanted of them;
        pooling needs all pairs. Compositions ask their parts, last to first.

        Args:
            wanted: whether those between different positions of the output are wanted.
        """
        return wanted

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape] | None:
        """A network with such a layer and an activation, and the shape of its examples.

        `surefit.testing.check_limit` compares its limit with draws of about this width, for every
        activation. None: `cls()` stands behind the activation of a network of vectors.
        """
        return None

    def trainable(self, params: Params) -> PyTree[bool]:
        """A pytree like `params` with True where gradient descent moves a leaf."""
        return jax.tree.map(lambda _: True, params)

    def project(self, params: Params) -> Params:
        """The parameters brought back to where they may be; called after every step of descent.

        Where nothing is ever changed, the same object: training then costs nothing more.
        Compositions ask their parts.
        """
        return params
