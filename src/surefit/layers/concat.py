"""Several branches on the same input, side by side."""

from __future__ import annotations

import dataclasses
import functools
import operator

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.branches import Branches
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Concat"]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Concat(Branches):
    r"""$(g_1(x), \dots, g_B(x))$: the features of all branches, on images at every position.

    Args:
        *branches: the layers $g_b$. They may depend on each other: the next random linear layer
            sees the features one by one.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> dense = sf.Concat(sf.Identity(), sf.Serial(sf.Dense(64), sf.Relu()))
        >>> sf.Serial(dense, sf.Dense(1)).output_shape((3,)), dense.output_shape((3,))
        ((1,), (67,))
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """The positions of every branch, and all features."""
        shapes = [branch.output_shape(input_shape) for branch in self.branches]
        if len({shape[:-1] for shape in shapes}) > 1:
            raise InvalidInputError(
                "`Concat(*branches)` must be given branches with outputs at the same positions. "
                f"Got {shapes} from examples of shape {input_shape}. Features stand side by side "
                "at every position. Use the same strides and padding in all branches."
            )
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The features of all branches."""
        outputs = [branch.apply(own, x) for branch, own in zip(self.branches, params, strict=True)]
        return jnp.concatenate(outputs, axis=-1)

    def kernel(self, k: Kernel) -> Kernel:
        r"""$\sum_b m_b\Sigma_b/\sum_b m_b$ for $m_b$ features, and the tangent kernel likewise.

        Features of several branches have no single law, so that they do not count as Gaussian.
        """
        kernels = [branch.kernel(k) for branch in self.branches]
        if len(kernels) == 1:
            return kernels[0]
        width = sum(own.width for own in kernels)

        def mean(name: str) -> Array:
            shares = (own.width / width * getattr(own, name) for own in kernels)
            return functools.reduce(operator.add, shares)

        return dataclasses.replace(
            kernels[0],
            nngp=mean("nngp"),
            ntk=mean("ntk"),
            variance1=mean("variance1"),
            variance2=mean("variance2"),
            width=width,
            gaussian=False,
            behind=None,
            distance=mean("distance") if self.closed_form and k.distance is not None else None,
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Features with and without activation."""
        return Serial(cls(Dense(width), Serial(Dense(width), activation)), Dense(4)), (3,)
