"""The equilibria of a network with their inputs and states."""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.equilibria.places import refuse_hidden, within
from surefit.implicit import Solution
from surefit.layers import (
    Antisymmetric,
    Centred,
    Equilibrium,
    Linearised,
    MonotoneEquilibrium,
    Residual,
    Serial,
    Sum,
)

__all__ = ["Located", "equilibria"]


class Located(NamedTuple):
    """An equilibrium inside of a network, at its parameters and on a batch.

    Args:
        place: where its parameters are in the tree of the network's.
        layer: the equilibrium.
        params: its parameters.
        inputs: what flows into it, sample by sample: the injection.
        solution: what its solver found, from a cold start.
    """

    place: str
    layer: Equilibrium | MonotoneEquilibrium
    params: Params
    inputs: Float[Array, "n m"]
    solution: Solution

    @property
    def weights(self) -> Float[Array, "m m"]:
        """The matrix that the state is multiplied by."""
        return self.layer.matrix(self.params)

    @property
    def preactivations(self) -> Float[Array, "n m"]:
        """$Wh + x$."""
        return self.solution.state @ self.weights.T + self.inputs

    @property
    def residuals(self) -> Float[Array, " n"]:
        r"""$\|\phi(Wh + x) - h\|/\|h\|$ per sample, by one more application of the map.

        Relative to 1 where the state is zero.
        """
        state = self.solution.state
        gap = jnp.linalg.norm(self.layer.activation(self.preactivations) - state, axis=1)
        size = jnp.linalg.norm(state, axis=1)
        return gap / jnp.where(size > 0, size, 1.0)


def equilibria(network: Layer, params: Params, x: Float[Array, "n ..."]) -> tuple[Located, ...]:
    """Every equilibrium of the network, in the order of evaluation.

    Where a sample does not converge, the network goes on with the last iterate; nothing is raised.

    Args:
        network: made of `Serial`, `Sum`, `Residual`, `Antisymmetric`, `Centred`, `Linearised`.
        params: its parameters.
        x: a batch.

    Raises:
        InvalidInputError: an equilibrium is inside a layer of which nobody knows how it is used.

    Cost: one forward pass.
    """
    found: list[Located] = []
    _visit(network, params, x, "", found)
    return tuple(found)


@functools.singledispatch
def _visit(layer: Layer, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    refuse_hidden(layer)
    return layer.apply(params, x)


@_visit.register(Equilibrium)
@_visit.register(MonotoneEquilibrium)
def _(layer: Layer, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    solution = layer.solve(params, x)
    found.append(Located(place or "network", layer, params, x, solution))
    return solution.state


@_visit.register
def _(layer: Serial, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    for i, (child, own) in enumerate(zip(layer.layers, params, strict=True)):
        x = _visit(child, own, x, within(place, str(i)), found)
    return x


@_visit.register
def _(layer: Sum, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    outputs = [
        _visit(branch, own, x, within(place, str(i)), found)
        for i, (branch, own) in enumerate(zip(layer.branches, params, strict=True))
    ]
    return functools.reduce(operator.add, outputs)


@_visit.register
def _(layer: Residual, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    return x + layer.scale * _visit(layer.branch, params, x, place, found)


@_visit.register
def _(layer: Antisymmetric, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    return _visit(layer.network, params, x, place, found)


@_visit.register
def _(layer: Centred, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    # The equilibria of the anchor never change and are not told.
    now = _visit(layer.network, params["network"], x, within(place, "network"), found)
    return now - layer.network.apply(params["anchor"], x)


@_visit.register
def _(layer: Linearised, params: Params, x: Any, place: str, found: list[Located]) -> Any:
    _visit(layer.network, params["anchor"], x, within(place, "anchor"), found)
    return layer.apply(params, x)
