"""A network as a list of layers with their parameters and the names of these."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.layers import Antisymmetric, Serial

__all__ = ["Part", "flat_parts", "split_inputs"]


@dataclasses.dataclass(frozen=True)
class Part:
    """One layer of a chain.

    Args:
        layer: which.
        params: its parameters.
        name: where they are in the parameters of the network, for the names of arrays.
    """

    layer: Layer
    params: Params
    name: str

    def child(self, layer: Layer, params: Params, key: Any = "") -> Part:
        """A part of this layer."""
        return Part(layer, params, f"{self.name}.{key}" if key != "" else self.name)

    @property
    def fixed(self) -> bool:
        """Whether nothing in it is trained."""
        return not any(jax.tree.leaves(self.layer.trainable(self.params)))


def flat_parts(part: Part) -> list[Part]:
    """The layers of nested `Serial`s in order."""
    layer, params = part.layer, part.params
    if isinstance(layer, Antisymmetric):
        return flat_parts(part.child(layer.network, params))
    if not isinstance(layer, Serial):
        return [part]
    return [
        inner
        for number, (child, own) in enumerate(zip(layer.layers, params, strict=True))
        for inner in flat_parts(part.child(child, own, number))
    ]


def split_inputs(parts: list[Part], x: np.ndarray) -> tuple[np.ndarray, list[Part]]:
    """The inputs behind leading layers without parameters, which count as preprocessing."""
    while len(parts) > 1 and _prepares(parts[0]):
        x = np.asarray(parts[0].layer.apply(parts[0].params, jnp.asarray(x)), np.float64)
        parts = parts[1:]
    return x, parts


def _prepares(part: Part) -> bool:
    return not jax.tree.leaves(part.params) and not isinstance(part.layer, Activation)
