"""Several branches on the same input, multiplied."""

from __future__ import annotations

import dataclasses
import functools
import operator

from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.branches import Branches, kernel_behind
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Product"]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Product(Branches):
    r"""$\prod_b g_b(x)$, entry by entry: `Product(Dense(8), Serial(Dense(8), Sigmoid()))`, a gate.

    Args:
        *branches: the layers $g_b$, with outputs of one shape. For an infinite-width limit all of
            them but one at most go through a random linear layer, and end in it or in an activation
            behind it.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> gate = sf.Product(sf.Dense(64), sf.Serial(sf.Dense(64), sf.Sigmoid()))
        >>> sf.limit_kernel(sf.Serial(gate, sf.Dense(1)), jax.numpy.ones((2, 3))).ntk.shape
        (2, 2)
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of every branch."""
        return self.common_shape(input_shape)

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$\prod_b g_b(x)$."""
        outputs = [branch.apply(own, x) for branch, own in zip(self.branches, params, strict=True)]
        return functools.reduce(operator.mul, outputs)

    # The distance of two products is not known from distances without loss of digits, and a product
    # of homogeneous factors is of a higher degree.
    homogeneous = False
    closed_form = False

    def kernel(self, k: Kernel) -> Kernel:
        r"""$\prod_b\Sigma_b$ and, by the product rule, $\sum_b\Theta_b\prod_{c\ne b}\Sigma_c$.

        Branches are independent given what flows in. The tangent kernel is a mean over features:
        that of a single feature is random, because the other factors are.

        Raises:
            InvalidInputError: two branches are dependent, or have features of several laws.
        """
        found = [kernel_behind(branch, k) for branch in self.branches]
        kernels = [own for own, _ in found]
        names = [type(branch).__name__ for branch in self.branches]
        dependent = [name for name, (_, free) in zip(names, found, strict=True) if not free]
        if len(dependent) > 1:
            raise InvalidInputError(
                "`Product.kernel`: all branches but one must go through a random linear layer. "
                f"Got {', '.join(dependent)} that do not. The factors then depend on each other "
                "through the input, and the expectation of the product is not the product of "
                "expectations. Put a `Dense` layer into the branches."
            )
        several = [
            name
            for name, own in zip(names, kernels, strict=True)
            if not own.gaussian and own.behind is None
        ]
        if len(several) > 1:
            raise InvalidInputError(
                "`Product.kernel`: all branches but one must end in a random linear layer or in an "
                f"activation behind one. Got {', '.join(several)} that do not. Their features need "
                "not have a single law, and the mean over features of a product is not the product "
                "of the means. End the branches with `Dense`."
            )

        if len(kernels) == 1:
            return kernels[0]

        def product(name: str, but: Kernel | None = None) -> Array:
            factors = (getattr(own, name) for own in kernels if own is not but)
            return functools.reduce(operator.mul, factors)

        return dataclasses.replace(
            kernels[0],
            nngp=product("nngp"),
            ntk=functools.reduce(
                operator.add, (own.ntk * product("nngp", but=own) for own in kernels)
            ),
            variance1=product("variance1"),
            variance2=product("variance2"),
            gaussian=False,
            behind=None,
            distance=None,
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """A gate."""
        return Serial(cls(Dense(width), Serial(Dense(width), activation)), Dense(4)), (3,)
