"""How far the parameters of every layer are from their start."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import leaf_names
from surefit.problem import Problem
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["DistancePerLayer"]


def _layers(moving: Params) -> tuple[str, ...]:
    # "0/w" and "0/b" belong to the layer at position 0.
    return tuple(name.rpartition("/")[0] or "network" for name in leaf_names(moving))


@dataclasses.dataclass(frozen=True)
class DistancePerLayer(Monitor):
    r"""How far every trained layer is from its start: $\|\theta_\ell - \theta_{\ell,0}\|_F$.

    Weights and biases of a layer count together. The columns are named after the places of the
    layers in the tree of parameters, which in a `Serial` are their positions.
    """

    title = "distance from the initialisation, per layer"
    standard = True

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The trained layers, in the order of their leaves."""
        return tuple(dict.fromkeys(_layers(problem.split(params)[0])))

    def measure(self, carry: Any, view: View) -> Float[Array, " layers"]:
        """One Frobenius norm per layer."""
        squares: dict[str, Array | float] = {}
        leaves = jax.tree.leaves(view.movement)
        for layer, leaf in zip(_layers(view.movement), leaves, strict=True):
            squares[layer] = squares.get(layer, 0.0) + jnp.sum(leaf**2)
        return jnp.sqrt(jnp.stack(list(squares.values())))
