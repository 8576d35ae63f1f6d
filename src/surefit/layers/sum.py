"""Several branches on the same input, added."""

from __future__ import annotations

import dataclasses
import functools
import operator

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.projection import project_parts
from surefit.errors import InvalidInputError

__all__ = ["Sum"]


@dataclasses.dataclass(frozen=True, init=False)
class Sum(Layer):
    r"""$\sum_b g_b(x)$ for branches $g_b$ with outputs of one shape: `Sum(Dense(1), Dense(1))`.

    Args:
        *branches: the layers $g_b$. For an infinite-width limit all of them but one at most end in
            a random linear layer, which makes them independent of each other.
    """

    branches: tuple[Layer, ...]

    def __init__(self, *branches: Layer) -> None:
        wrong = [branch for branch in branches if not isinstance(branch, Layer)]
        if wrong or not branches:
            got = repr(wrong[0]) if wrong else "none"
            raise InvalidInputError(
                f"`Sum(*branches)` must be given one or more layers. Got {got}. The outputs of the "
                "branches are added. Write instances, for example `Sum(Dense(1), Dense(1))`."
            )
        object.__setattr__(self, "branches", branches)

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of every branch."""
        shapes = [branch.output_shape(input_shape) for branch in self.branches]
        if len(set(shapes)) > 1:
            raise InvalidInputError(
                f"`Sum(*branches)` must be given branches with outputs of one shape. Got {shapes} "
                f"from examples of shape {input_shape}. Only equal shapes can be added. End every "
                "branch with as many features."
            )
        return shapes[0]

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """A tuple with the parameters of each branch; every branch draws from its own key."""
        self.output_shape(input_shape)
        keys = jax.random.split(key, len(self.branches))
        return tuple(
            branch.init(own, input_shape) for branch, own in zip(self.branches, keys, strict=True)
        )

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
        )

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
        return f"Sum({', '.join(map(repr, self.branches))})"
