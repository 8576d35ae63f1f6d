"""The identity of a run: canonical JSON, the hash of it, and the id made of that hash.

Two specs describe the same run exactly if their canonical JSON texts are equal. A data *file*
enters by its name and the SHA-256 of its content: editing the file makes another run, moving it
to another directory does not, and no directory (it may hold a user's name) gets into a record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Protocol, runtime_checkable

from surefit.core.jsonable import dumps

__all__ = ["Identified", "canonical_text", "digest", "run_id"]

HASH_LENGTH = 10
SLUG_LENGTH = 24


@runtime_checkable
class Identified(Protocol):
    """A description of a run that knows its name: the spec of a run or of an experiment."""

    @property
    def run_id(self) -> str:
        """The name of the run's directory."""

    def canonical(self) -> dict[str, Any]:
        """The run as plain data."""

    def canonical_json(self) -> str:
        """The same as one line of JSON."""


def canonical_text(spec: Mapping[str, Any]) -> str:
    """One line of JSON: sorted keys, strict numbers."""
    return dumps(dict(spec), indent=None)


def digest(spec: Mapping[str, Any]) -> str:
    """The first ten hexadecimal digits of the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical_text(spec).encode()).hexdigest()[:HASH_LENGTH]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:SLUG_LENGTH] or "x"


def run_id(spec: Mapping[str, Any]) -> str:
    """A readable prefix and the digest: `digits-shallow-tanh-512-s0-3f9a1c2b7d`."""
    data = spec["data"] if spec["data_sha256"] is None else PurePath(spec["data"]).stem
    parts = [*map(_slug, (data, spec["network"], spec["activation"]))]
    return "-".join([*parts, str(spec["width"])[:12], f"s{spec['seed']}", digest(spec)])
