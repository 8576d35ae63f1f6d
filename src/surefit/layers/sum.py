"""Several branches on the same input, added."""

from __future__ import annotations

import dataclasses
import functools
import operator

from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.branches import Branches
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Sum"]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Sum(Branches):
    r"""$\sum_b g_b(x)$ for branches $g_b$ with outputs of one shape: `Sum(Dense(1), Dense(1))`.

    Args:
        *branches: the layers $g_b$. For an infinite-width limit all of them but one at most end in
            a random linear layer, which makes them independent of each other.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of every branch."""
        return self.common_shape(input_shape)

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$\sum_b g_b(x)$."""
        outputs = [branch.apply(own, x) for branch, own in zip(self.branches, params, strict=True)]
        return functools.reduce(operator.add, outputs)

    def kernel(self, k: Kernel) -> Kernel:
        """Covariances and tangent kernels of independent branches add up."""
        kernels = [branch.kernel(k) for branch in self.branches]
        dependent = [
            type(branch).__name__
            for branch, own in zip(self.branches, kernels, strict=True)
            if not own.gaussian or branch.passes_input
        ]
        if len(dependent) > 1:
            raise InvalidInputError(
                "`Sum.kernel`: all branches but one must end in a random linear layer. Got "
                f"{', '.join(dependent)} that do not. Their outputs are correlated through the "
                "input and the sum has no closed-form limit. End the branches with `Dense`."
            )

        def total(name: str) -> Array:
            return functools.reduce(operator.add, (getattr(own, name) for own in kernels))

        return dataclasses.replace(
            kernels[0],
            nngp=total("nngp"),
            ntk=total("ntk"),
            variance1=total("variance1"),
            variance2=total("variance2"),
            gaussian=all(own.gaussian for own in kernels),
            behind=None,
            distance=total("distance") if self.closed_form and k.distance is not None else None,
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """A network and a linear one."""
        return cls(Serial(Dense(width), activation, Dense(4)), Dense(4, 0.7)), (3,)
