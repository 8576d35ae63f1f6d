"""The order in which facts are shown: the known ones as in their table, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["ordered"]


def ordered(facts: Mapping[str, Any], known: Iterable[str]) -> list[tuple[str, Any]]:
    """The items of `facts`, those in `known` first and in that order.

    Stored records have their keys in alphabetical order, which suits machines only.
    """
    first = [key for key in known if key in facts]
    return [(key, facts[key]) for key in [*first, *(key for key in facts if key not in first)]]
