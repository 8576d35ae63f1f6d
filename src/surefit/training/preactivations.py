"""What flows into the activations of a network, for any network that is made of layers."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.layers import Centred, Equilibrium, MonotoneEquilibrium
from surefit.problem import Problem

__all__ = ["preactivations", "preactivations_obstacle"]


@dataclasses.dataclass(frozen=True)
class _Tap(Activation):
    """An activation that notes what flows in."""

    inner: Activation
    seen: list = dataclasses.field(compare=False)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        self.seen.append(z)
        return self.inner(z)


class _AtEquilibrium:
    """Mixed into an equilibrium: notes what flows into its activation, once it stands still."""

    seen: list

    @classmethod
    def around(cls, inner: Layer, seen: list) -> Layer:
        # Not by the constructor, which would warn a second time.
        twin = object.__new__(cls)
        vars(twin).update(vars(inner), seen=seen)
        return twin

    def apply(self, params: Params, x: Float[Array, "n features"]) -> Float[Array, "n features"]:
        h = super().apply(params, x)
        self.seen.append(h @ self.matrix(params).T + x)
        return h


class _TappedEquilibrium(_AtEquilibrium, Equilibrium):
    pass


class _TappedMonotone(_AtEquilibrium, MonotoneEquilibrium):
    pass


def _tapped(thing: Any, seen: list) -> Any:
    if isinstance(thing, Activation):
        return _Tap(thing, seen)
    if isinstance(thing, Equilibrium):
        return _TappedEquilibrium.around(thing, seen)
    if isinstance(thing, MonotoneEquilibrium):
        return _TappedMonotone.around(thing, seen)
    if isinstance(thing, tuple):
        return tuple(_tapped(item, seen) for item in thing)
    if not (isinstance(thing, Layer) and dataclasses.is_dataclass(thing)):
        return thing
    # A copy without its constructor: a layer may take its fields in any form there.
    twin = copy.copy(thing)
    for field in dataclasses.fields(thing):
        object.__setattr__(twin, field.name, _tapped(getattr(thing, field.name), seen))
    return twin


def preactivations(
    network: Layer, params: Params, x: Float[Array, "n ..."]
) -> list[Float[Array, "n ..."]]:
    """The inputs of every activation, in the order of evaluation.

    Of an equilibrium those of the state at which it stands still, $Wh + x$.
    Of a `Centred` network those of the trained copy; the anchor's never change.
    """
    if isinstance(network, Centred):
        return preactivations(network.network, params["network"], x)
    seen: list[Float[Array, "n ..."]] = []
    _tapped(network, seen).apply(params, x)
    return seen


def preactivations_obstacle(problem: Problem, params: Params) -> str | None:
    """Why pre-activations cannot be read off; None if they can."""
    advice = (
        "Write the network with activations as layers, for example `Serial(Dense(512), Relu())`."
    )
    try:
        # Really run: JAX notices here what has escaped from an inner loop.
        found = _signs(problem.network, params, problem.x[:1])
    except jax.errors.UnexpectedTracerError:
        return f"The network applies its activations inside a loop of its own. {advice}"
    return None if found else f"The network has no activation among its layers. {advice}"


@eqx.filter_jit
def _signs(network: Layer, params: Params, x: Float[Array, "n ..."]) -> list[Bool[Array, "n ..."]]:
    return [z > 0.0 for z in preactivations(network, params, x)]
