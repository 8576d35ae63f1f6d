"""The catalogue of activations, and activations from their written form."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

from surefit.activations.activation import Activation
from surefit.core.catalogue import Catalogue
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["ACTIVATIONS", "parse_activation"]

ACTIVATIONS = Catalogue("activation", Activation, "surefit.activations")


def parse_activation(text: str) -> Activation:
    """The activation that a text names, with its parameters if given.

    Args:
        text: a name of the catalogue, or `name:parameter=value`, several parameters separated by
            commas.

    Raises:
        UnknownNameError: no such activation, or no such parameter; the message suggests the
            nearest.
        InvalidInputError: a value that the parameter cannot take.

    Example:
        >>> from surefit.activations import parse_activation
        >>> parse_activation("leaky_relu:slope=0.1")
        LeakyRelu(slope=0.1)
    """
    if not isinstance(text, str):
        raise InvalidInputError(
            f"An activation must be given by name or as an `Activation`. Got {text!r} "
            f"({type(text).__name__}). Names are those of `surefit list activations`. Write for "
            "example 'tanh'."
        )
    name, colon, rest = text.partition(":")
    cls = ACTIVATIONS[name.strip()]
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    if not colon:
        return cls()
    if not fields:
        raise InvalidInputError(
            f"`parse_activation({text!r})` must not give parameters. {cls.__name__} has none. "
            f"Write {name.strip()!r}."
        )
    given: dict[str, Any] = {}
    for part in rest.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InvalidInputError(
                f"`parse_activation({text!r})` must give every parameter as `parameter=value`. Got "
                f"{part.strip()!r}. Write for example '{name.strip()}:{next(iter(fields))}="
                f"{next(iter(fields.values())).default}'."
            )
        if key not in fields:
            raise UnknownNameError(f"parameter of {name.strip()}", key, fields)
        given[key] = _value(text, key, value, fields[key].default)
    return cls(**given)


def _value(text: str, key: str, value: str, default: Any) -> Any:
    """The value that a text stands for, of the kind of the parameter's default."""
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    kind = type(default)
    if kind not in kinds:
        return value
    lowered = value.lower()
    try:
        found = lowered == "true" if lowered in ("true", "false") else ast.literal_eval(value)
    except (ValueError, SyntaxError):
        found = None
    if isinstance(found, bool) == (kind is bool) and isinstance(
        found, (int, float) if kind is float else kind
    ):
        return kind(found)
    raise InvalidInputError(
        f"`parse_activation({text!r})` must give {kinds[kind]} for {key}. Got {value!r}. Its "
        f"default is {str(default).lower() if kind is bool else default}."
    )
