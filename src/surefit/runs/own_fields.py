"""Which fields only some networks have, and which networks have defaults of their own."""

from __future__ import annotations

from typing import Any

from surefit.runs.deep_fields import DEEP_APPLIES_TO, DEEP_OWN
from surefit.runs.implicit_fields import APPLIES_TO
from surefit.runs.implicit_fields import own_defaults as defaults_of_others

__all__ = ["own_defaults", "owners"]


def owners() -> dict[str, tuple[str, ...]]:
    """Field -> the networks that have it, for fields that not every network has.

    Such fields are None for all other networks, and left out of their canonical form.
    """
    return APPLIES_TO | DEEP_APPLIES_TO


def own_defaults(network: str, init: str | None = None) -> dict[str, Any]:
    """Field -> default, where a network or a start has another one than the others."""
    if network in DEEP_OWN:
        return DEEP_OWN[network]
    return defaults_of_others(network, init)
