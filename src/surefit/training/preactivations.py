"""What flows into and out of activations, for any network that is made of layers."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.layers import Centred, Equilibrium, MonotoneEquilibrium
from surefit.problem import Problem

__all__ = ["activity", "preactivations", "preactivations_obstacle", "tapped"]

Pair: TypeAlias = tuple[Float[Array, "n ..."], Float[Array, "n ..."]]


@dataclasses.dataclass(frozen=True)
class _Tap(Activation):
    """An activation that notes what flows in and what comes out."""

    inner: Activation
    seen: list = dataclasses.field(compare=False)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        h = self.inner(z)
        self.seen.append((z, h))
        return h


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
        self.seen.append((h @ self.matrix(params).T + x, h))
        return h


class _TappedEquilibrium(_AtEquilibrium, Equilibrium):
    pass


class _TappedMonotone(_AtEquilibrium, MonotoneEquilibrium):
    pass


_EQUILIBRIA = {Equilibrium: _TappedEquilibrium, MonotoneEquilibrium: _TappedMonotone}


def tapped(thing: Any, seen: list, tap: Callable[[Activation, list], Activation] = _Tap) -> Any:
    """A copy of a network, or of a part of it, whose activations are replaced.

    Args:
        thing: the network.
        seen: given to every replacement; equilibria append what flows in and their state.
        tap: makes the replacement; an equilibrium is left alone where its activation is.
    """
    if isinstance(thing, Activation):
        return tap(thing, seen)
    twin_of = next((twin for kind, twin in _EQUILIBRIA.items() if isinstance(thing, kind)), None)
    if twin_of is not None:
        own = getattr(thing, "activation", None)
        left_alone = own is not None and tap(own, seen) is own
        return thing if left_alone else twin_of.around(thing, seen)
    if isinstance(thing, tuple):
        return tuple(tapped(item, seen, tap) for item in thing)
    if not (isinstance(thing, Layer) and dataclasses.is_dataclass(thing)):
        return thing
    # A copy without its constructor: a layer may take its fields in any form there.
    twin = copy.copy(thing)
    for field in dataclasses.fields(thing):
        object.__setattr__(twin, field.name, tapped(getattr(thing, field.name), seen, tap))
    return twin


def activity(
    network: Layer,
    params: Params,
    x: Float[Array, "n ..."],
    chosen: Callable[[Activation], bool] = lambda activation: True,
) -> list[Pair]:
    """What flows into every activation and what comes out, in the order of evaluation.

    Of an equilibrium that of the state at which it stands still, $Wh + x$ and $h$.
    Of a `Centred` network that of the trained copy; the anchor's never changes.

    Args:
        network: made of layers.
        params: its parameters.
        x: the batch.
        chosen: which activations, also those of equilibria.
    """
    if isinstance(network, Centred):
        return activity(network.network, params["network"], x, chosen)
    seen: list[Pair] = []

    def tap(activation: Activation, seen: list) -> Activation:
        return _Tap(activation, seen) if chosen(activation) else activation

    tapped(network, seen, tap).apply(params, x)
    return seen


def preactivations(
    network: Layer, params: Params, x: Float[Array, "n ..."]
) -> list[Float[Array, "n ..."]]:
    """The inputs of every activation, in the order of evaluation."""
    return [z for z, _ in activity(network, params, x)]


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
