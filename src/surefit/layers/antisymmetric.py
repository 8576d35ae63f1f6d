"""A start from zero output, without changing the network or its kernel."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.activations import Activation
from surefit.core.kernel import Kernel
from surefit.core.layer import Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.around import Around
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Antisymmetric"]


@dataclasses.dataclass(frozen=True)
class Antisymmetric(Around):
    """The same network, started at zero output.

    The last hidden layer's second half repeats its first half, and the output weights of the
    second half are those of the first with the other sign: every output cancels at the start,
    while the tangent kernel of the last two dense layers is that of the network with half as many
    independent features. What lies before them sends its gradients through both halves, where
    they cancel as well; a deeper network keeps its whole tangent kernel in `Centred`.

    Args:
        network: a `Serial` that ends in `Dense, activation, Dense` with an even number of hidden
            features.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 2; Zhang, Xu, Luo, Ma (2020).
    """

    network: Serial

    def __post_init__(self) -> None:
        layers = self.network.layers
        shape = tuple(type(layer).__name__ for layer in layers[-3:])
        if not (
            len(layers) >= 3
            and isinstance(layers[-1], Dense)
            and isinstance(layers[-2], Activation)
            and isinstance(layers[-3], Dense)
        ):
            raise InvalidInputError(
                "`Antisymmetric(network=...)` must be given a `Serial` that ends in `Dense`, an "
                f"activation and `Dense`. Got one that ends in {shape}. The hidden features are "
                "duplicated with opposite output weights. Write the network in that form."
            )
        if layers[-3].features % 2:
            raise InvalidInputError(
                "`Antisymmetric(network=...)` must have an even number of hidden features. Got "
                f"{layers[-3].features}. Every feature needs a partner of opposite sign. Use "
                f"{layers[-3].features + 1}."
            )

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """The network's parameters with the last hidden layer mirrored; output biases are 0."""
        *rest, hidden, activation, output = self.network.init(key, input_shape)
        half = self.network.layers[-3].features // 2
        hidden = {name: jnp.concatenate([a[:half], a[:half]]) for name, a in hidden.items()}
        w = output["w"][:, :half]
        output = {**output, "w": jnp.concatenate([w, -w], axis=1)}
        if "b" in output:
            output["b"] = jnp.zeros_like(output["b"])
        return (*rest, hidden, activation, output)

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """That of the network."""
        return self.network.apply(params, x)

    def kernel(self, k: Kernel) -> Kernel:
        """The tangent kernel of the last two dense layers; the outputs at the start are 0."""
        layers = self.network.layers
        for layer in layers[:-3]:
            k = layer.kernel(k)
        inner = k.without_tangent()
        for layer in layers[-3:]:
            inner = layer.kernel(inner)
        return inner.without_output()

    def trainable(self, params: Params) -> PyTree[bool]:
        """As the network says."""
        return self.network.trainable(params)

    def project(self, params: Params) -> Params:
        """As the network says."""
        return self.network.project(params)
