"""What a run took, in a file of its own: results are the same byte for byte when they are repeated.

```
timings.json    {"training": 1.2, "proofs": [0.4], "total": 3.1}    wall-clock seconds
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json, write_json
from surefit.errors import StorageError

__all__ = ["add_timings", "read_timings"]

_NAME = "timings.json"


def add_timings(directory: Path, **seconds: Any) -> None:
    """Write seconds into the directory of a run, beside those that are there."""
    write_json(directory / _NAME, {**read_timings(directory), **seconds})


def read_timings(directory: Path) -> dict[str, Any]:
    """What `add_timings` wrote; empty where a run was copied without it, or is older."""
    try:
        found = read_json(directory / _NAME)
    except StorageError:
        return {}
    return found if isinstance(found, dict) else {}
