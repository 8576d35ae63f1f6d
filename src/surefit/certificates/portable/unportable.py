"""What the format of certificates has no words for."""

from __future__ import annotations

__all__ = ["Unportable"]


class Unportable(Exception):
    """The network cannot be written in the format of certificates; the message says which part."""
