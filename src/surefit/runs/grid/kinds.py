"""What the values of a field are: whole numbers, numbers, lists or words."""

from __future__ import annotations

import difflib
import functools
import typing
from collections.abc import Iterator
from typing import Any, Literal

from surefit.errors import InvalidInputError
from surefit.runs.fields import CertifyFields

__all__ = ["UNSET", "Kind", "field_kind", "require_field"]

Kind = Literal["list", "whole", "number", "word"]

UNSET = "unset"
"""Written for a field that is left out in some cells; TOML has no word of its own for that."""


@functools.cache
def field_kind(name: str) -> Kind:
    """What the values of a field of `CertifySpec` are; numbers that may be words are numbers."""
    types = list(_leaves(CertifyFields.model_fields[name].annotation))
    if tuple in types:
        return "list"
    return "whole" if int in types else "number" if float in types else "word"


def _leaves(annotation: Any) -> Iterator[Any]:
    """The types in a union, with `tuple` for sequences of whatever."""
    origin = typing.get_origin(annotation)
    if origin is tuple:
        yield tuple
    elif origin is None or origin is Literal:
        yield annotation
    else:  # a union, or `Annotated`, whose other arguments are no types
        for inner in typing.get_args(annotation):
            yield from _leaves(inner)


def require_field(name: str, where: str) -> None:
    """Refuse what is no field of a spec.

    Args:
        name: what is written.
        where: file and table, for the message.

    Raises:
        InvalidInputError: there is no such field; with the nearest one.
    """
    fields = CertifyFields.model_fields
    if name not in fields:
        near = difflib.get_close_matches(name.replace("-", "_").lower(), fields, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else "Leave it out."
        raise InvalidInputError(
            f"{where} must name fields of `surefit certify`. Got {name!r}. {hint} "
            f"Known: {', '.join(fields)}."
        )
