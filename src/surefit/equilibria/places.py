"""Where the equilibria of a network are in its tree of parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
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

__all__ = ["IMPLICIT", "children", "equilibrium_places", "refuse_hidden", "within"]


IMPLICIT = (Equilibrium, MonotoneEquilibrium)
"""The layers that are equilibria: with `activation`, `matrix`, `solve`, `solver` and `throw`."""


def children(layer: Layer) -> tuple[tuple[str, Layer], ...]:
    """What a composition is made of, with the place of each part in the tree of parameters.

    Of `Centred` the copy that is trained, of `Linearised` the anchor, at which its equilibria are.
    """
    if isinstance(layer, Serial | Sum):
        parts = layer.layers if isinstance(layer, Serial) else layer.branches
        return tuple((str(i), child) for i, child in enumerate(parts))
    if isinstance(layer, Residual):
        return (("", layer.branch),)
    key = {Antisymmetric: "", Centred: "network", Linearised: "anchor"}.get(type(layer))
    return () if key is None else ((key, layer.network),)


def within(place: str, key: str) -> str:
    """The place of a part."""
    return "/".join(part for part in (place, key) if part)


def equilibrium_places(network: Layer) -> tuple[str, ...]:
    """The places of the equilibria in the tree of parameters, in the order of evaluation.

    Raises:
        InvalidInputError: an equilibrium is inside a layer of which nobody knows how it is used.
    """
    return tuple(_places(network, ""))


def _places(layer: Layer, place: str) -> list[str]:
    if isinstance(layer, IMPLICIT):
        return [place or "network"]
    refuse_hidden(layer)
    return [found for key, child in children(layer) for found in _places(child, within(place, key))]


def refuse_hidden(layer: Layer) -> None:
    """Refuse a layer of unknown kind that has an equilibrium among its fields.

    Raises:
        InvalidInputError: it has.
    """
    if not children(layer) and _mentions(layer):
        name = type(layer).__name__
        raise InvalidInputError(
            f"`equilibria(network=...)` must be made of known compositions around its "
            f"equilibria. Got an equilibrium inside `{name}`. How it is used there, and with "
            "which parameters, is not known. Compose with `Serial`, `Sum` and `Residual`."
        )


def _mentions(thing: Any) -> bool:
    if isinstance(thing, IMPLICIT):
        return True
    if isinstance(thing, tuple | list):
        return any(map(_mentions, thing))
    if isinstance(thing, Layer) and dataclasses.is_dataclass(thing):
        return any(_mentions(getattr(thing, field.name)) for field in dataclasses.fields(thing))
    return False
