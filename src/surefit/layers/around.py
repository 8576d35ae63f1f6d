"""Layers around one network: what they leave as the network has it."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import PRNGKeyArray, PyTree

from surefit.core.layer import Layer, Params, Shape
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Anchored", "Around"]


@dataclasses.dataclass(frozen=True)
class Around(Layer):
    """A layer whose shapes and properties are those of one network.

    Args:
        network: that network.
    """

    network: Layer

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of the network."""
        return self.network.output_shape(input_shape)

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


@dataclasses.dataclass(frozen=True)
class Anchored(Around):
    """A layer whose parameters are the network's, now and at the start; the latter never move."""

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"network": ..., "anchor": ...}`, equal at the start."""
        params = self.network.init(key, input_shape)
        return {"network": params, "anchor": params}

    def trainable(self, params: Params) -> PyTree[bool]:
        """The network as it says; the anchor never."""
        return {
            "network": self.network.trainable(params["network"]),
            "anchor": jax.tree.map(lambda _: False, params["anchor"]),
        }
