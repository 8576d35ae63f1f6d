"""The first-order expansion of a network in its parameters."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.tree import difference
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Linearised"]


@dataclasses.dataclass(frozen=True)
class Linearised(Layer):
    r"""$g(x; \theta_0) + Dg(x; \theta_0)(\theta - \theta_0)$: linear in what is trained.

    The anchor $\theta_0$ is part of the parameters and is never trained. The tangent kernel is that
    of $g$ at the anchor, wherever $\theta$ goes.

    Args:
        network: the layer $g$.

    Cost:
        Twice that of the network: values and directional derivatives in one forward pass.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 1.1; Lee et al. (2019), section 2.2.
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
        r"""$g(x; \theta_0) + Dg(x; \theta_0)(\theta - \theta_0)$."""
        anchor = params["anchor"]
        value, slope = jax.jvp(
            lambda at: self.network.apply(at, x),
            (anchor,),
            (difference(params["network"], anchor),),
        )
        return value + slope

    def kernel(self, k: Kernel) -> Kernel:
        """Both kernels of the network: at the start value and gradient are the network's own."""
        return self.network.kernel(k)

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
