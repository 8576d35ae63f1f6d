"""JSON for numbers: strict JSON out, every float back.

NaN becomes null and the infinities the strings "Infinity" and "-Infinity", so that any JSON reader
(a browser's among them) accepts the file; `float()` understands the strings.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from surefit.errors import StorageError

__all__ = ["as_float", "dumps", "jsonable", "read_json", "replace_json", "write_json"]


def jsonable(value: Any) -> Any:
    """Turn mappings, sequences, NumPy values, enums and paths into plain JSON values."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, str | Path):
        return str(value)
    if isinstance(value, int | float):
        return _number(value)
    if hasattr(value, "tolist"):
        return jsonable(np.asarray(value).tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _number(value: int | float) -> int | float | str | None:
    if isinstance(value, int):
        return int(value)
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def as_float(value: float | int | str | None) -> float:
    """The float that `jsonable` turned into `value`: null is NaN again."""
    return math.nan if value is None else float(value)


def dumps(value: Any, *, indent: int | None = 1) -> str:
    """Canonical JSON text: sorted keys, strict numbers."""
    return json.dumps(jsonable(value), indent=indent, sort_keys=True, allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON text with a closing newline."""
    Path(path).write_text(dumps(value) + "\n", encoding="utf-8")


def replace_json(path: Path, value: Any) -> None:
    """`write_json` beside the file, then renamed: after a crash it is there whole, or not at all.

    One process at a time: the draft is `path` with the ending `.partial`.
    """
    draft = path.with_suffix(".partial")
    write_json(draft, value)
    os.replace(draft, path)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StorageError: the file is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as cause:
        raise StorageError(
            f"{path} must be a readable JSON file. Got {type(cause).__name__}: {cause}. The run "
            "may have been edited or copied in part; delete its directory and run the same command "
            "again."
        ) from cause
