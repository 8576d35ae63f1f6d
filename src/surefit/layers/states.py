"""Layers whose output is the equilibrium of a state: what they share."""

from __future__ import annotations

import abc

import jax
from jaxtyping import Array, Float, PyTree

from surefit.activations import Activation
from surefit.core.arguments import require_instance
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.implicit import Solution, Solver, solve
from surefit.implicit.checked import checked_equilibrium

__all__ = ["StateLayer"]


class StateLayer(Layer):
    r"""A layer $h = \phi(Wh + x)$; subclasses say what $W$ is.

    Attributes:
        features: of the state.
        activation: $\phi$.
        solver: how the equilibrium is found.
        throw: whether a sample that does not converge is an error.
        trained: whether gradient descent moves the weights.
    """

    features: int
    activation: Activation
    solver: Solver
    throw: bool
    trained: bool

    @abc.abstractmethod
    def matrix(self, params: Params) -> Float[Array, "m m"]:
        """$W$, what the state is multiplied by."""

    def require_parts(self) -> None:
        """There are features, an activation and a solver.

        Raises:
            InvalidInputError: one of them is not.
        """
        own = type(self).__name__
        for name, value, kind, wanted in (
            ("activation", self.activation, Activation, "an activation, such as `Relu()`"),
            ("solver", self.solver, Solver, "a solver, such as `Picard()`"),
        ):
            advice = "It holds its own numbers. Write an instance, with parentheses."
            require_instance(f"`{own}({name}=...)`", value, kind, wanted, advice)
        if self.features < 1:
            raise InvalidInputError(
                f"`{own}(features=...)` must be at least 1. Got {self.features}. A state "
                "without features has no equilibrium. Write 1 or more."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(features,)`, which is that of the input."""
        if input_shape != (self.features,):
            raise InvalidInputError(
                f"`{type(self).__name__}({self.features})` must be given examples of shape "
                f"({self.features},). Got {input_shape}. The input is added to the state inside. "
                f"Put `Dense({self.features})` before it."
            )
        return input_shape

    def solve(self, params: Params, x: Float[Array, "n features"]) -> Solution:
        """The equilibrium with the residual, the steps and the verdict of every sample."""
        return solve(self.activation, self.solver, self.matrix(params), x)

    def apply(self, params: Params, x: Float[Array, "n features"]) -> Float[Array, "n features"]:
        """The equilibrium of every sample.

        Raises:
            NumericalError: outside of compiled code, a sample did not converge.
        """
        return checked_equilibrium(self.activation, self.solver, self.throw, self.matrix(params), x)

    def trainable(self, params: Params) -> PyTree[bool]:
        """All or nothing, as `trained` says."""
        return jax.tree.map(lambda _: self.trained, params)
