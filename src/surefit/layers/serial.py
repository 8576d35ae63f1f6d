"""Layers one after the other."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.projection import project_parts
from surefit.errors import InvalidInputError

__all__ = ["Serial"]


@dataclasses.dataclass(frozen=True, init=False)
class Serial(Layer):
    """Layers one after the other: `Serial(Dense(512), Relu(), Dense(1))`.

    Args:
        *layers: the layers, first to last. A `Serial` inside a `Serial` is one layer.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(1))
        >>> params = network.init(jax.random.key(0), (3,))
        >>> network.apply(params, jax.numpy.ones((2, 3))).shape
        (2, 1)
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Layer) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise InvalidInputError(
                    f"`Serial(*layers)` must be given layers. Got {layer!r} at position "
                    f"{position}. Write an instance, for example `Relu()` and not `Relu`."
                )
        if not layers:
            raise InvalidInputError(
                "`Serial(*layers)` must be given at least one layer. Got none. Nothing would be "
                "computed. Write `Serial(Dense(1))`."
            )
        object.__setattr__(self, "layers", layers)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape behind the last layer."""
        for layer in self.layers:
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """A tuple with the parameters of each layer; every layer draws from its own key."""
        params = []
        for layer, layer_key in zip(
            self.layers, jax.random.split(key, len(self.layers)), strict=True
        ):
            params.append(layer.init(layer_key, input_shape))
            input_shape = layer.output_shape(input_shape)
        return tuple(params)

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The outputs of the last layer."""
        for layer, own in zip(self.layers, params, strict=True):
            x = layer.apply(own, x)
        return x

    def kernel(self, k: Kernel) -> Kernel:
        """The covariances behind the last layer."""
        for layer in self.layers:
            k = layer.kernel(k)
        return k

    @property
    def homogeneous(self) -> bool:
        """Whether every layer is."""
        return all(layer.homogeneous for layer in self.layers)

    @property
    def closed_form(self) -> bool:
        """Whether every layer has one."""
        return all(layer.closed_form for layer in self.layers)

    @property
    def passes_input(self) -> bool:
        """Whether every layer does."""
        return all(layer.passes_input for layer in self.layers)

    def needs_cross_positions(self, wanted: bool) -> bool:
        """As the layers say, last to first."""
        for layer in reversed(self.layers):
            wanted = layer.needs_cross_positions(wanted)
        return wanted

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """One inside another."""
        from surefit.layers.dense import Dense

        return cls(cls(Dense(width), activation), Dense(4)), (3,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """As every layer says for itself."""
        return tuple(layer.trainable(own) for layer, own in zip(self.layers, params, strict=True))

    def project(self, params: Params) -> Params:
        """As every layer says for itself."""
        return project_parts(self.layers, params)

    def __repr__(self) -> str:
        return f"Serial({', '.join(map(repr, self.layers))})"
