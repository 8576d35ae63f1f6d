"""Outputs measured from their values at the start."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Centred"]


@dataclasses.dataclass(frozen=True)
class Centred(Layer):
    r"""$g(x; \theta) - g(x; \theta_0)$: any network, started at zero output.

    The anchor $\theta_0$ is part of the parameters and is never trained.

    Args:
        network: the layer $g$.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 2.
    """

    network: Layer

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of the network."""
        return self.network.output_shape(input_shape)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"network": ..., "anchor": ...}`, equal at the start."""
        params = self.network.init(key, input_shape)
        return {"network": params, "anchor": params}

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$g(x; \theta) - g(x; \theta_0)$."""
        return self.network.apply(params["network"], x) - self.network.apply(params["anchor"], x)

    def kernel(self, k: Kernel) -> Kernel:
        """The network's own tangent kernel; the outputs at the start are exactly 0."""
        # At the start the output does not depend on the input: no gradient reaches what lies
        # before.
        return self.network.kernel(k.without_tangent()).without_output()

    @property
    def homogeneous(self) -> bool:
        """Where the network is."""
        return self.network.homogeneous

    @property
    def closed_form(self) -> bool:
        """Where the network has one."""
        return self.network.closed_form

    def needs_cross_positions(self, wanted: bool) -> bool:
        """As the network says."""
        return self.network.needs_cross_positions(wanted)

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """One hidden layer."""
        return cls(Serial(Dense(width), activation, Dense(4))), (3,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """The network as it says; the anchor never."""
        return {
            "network": self.network.trainable(params["network"]),
            "anchor": jax.tree.map(lambda _: False, params["anchor"]),
        }

    def project(self, params: Params) -> Params:
        """The network as it says; the anchor stays where it is."""
        now = params["network"]
        projected = self.network.project(now)
        return params if projected is now else {**params, "network": projected}
