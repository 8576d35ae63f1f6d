"""The JSON documents of a run, read as this version has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json
from surefit.core.migrations.chain import CURRENT, schema_of, upgraded

__all__ = ["DOCUMENTS", "load_documents", "read_documents"]

# What steps may change, in the order in which it is rewritten: what is moved is in its new place
# before it leaves the old one, and the number of the schema, in `result.json`, comes last.
# `spec.json` is the identity of a run and never changes.
DOCUMENTS = ("timings.json", "environment.json", "trajectory.json", "result.json")


def read_documents(directory: Path) -> dict[str, Any]:
    """The documents of a run as they are on the disk, without those that it has not.

    Raises:
        StorageError: `result.json` is missing, or a document is damaged.
    """
    there = [name for name in DOCUMENTS if (directory / name).exists()]
    return {
        name: read_json(directory / name) for name in {"result.json": 0, **dict.fromkeys(there)}
    }


def load_documents(directory: Path, *names: str) -> list[Any]:
    """Documents of a run as this version has them, whatever version wrote it.

    Args:
        directory: of the run.
        names: which ones; `timings.json` and `environment.json` may be absent, and are empty then.

    Raises:
        StorageError: one is missing or damaged, or the run is of a newer schema.

    Cost: a run of the current schema has no more files read than those asked for.
    """
    directory = Path(directory)
    found = {"result.json": read_json(directory / "result.json")}
    if _is_current(found["result.json"]):
        wanted = [name for name in names if name not in found]
        found |= {name: _read(directory, name) for name in wanted}
    else:
        found = upgraded(_with_others(directory, found["result.json"]), directory)
    return [found[name] if name in found else _read(directory, name) for name in names]


def _with_others(directory: Path, result: Any) -> dict[str, Any]:
    there = [name for name in DOCUMENTS if name != "result.json" and (directory / name).exists()]
    return {"result.json": result, **{name: read_json(directory / name) for name in there}}


def _is_current(result: Any) -> bool:
    try:
        family, number = schema_of(result)
    except ValueError:
        return False
    return number == CURRENT[family]


def _read(directory: Path, name: str) -> Any:
    if name in ("timings.json", "environment.json") and not (directory / name).exists():
        return {}
    return read_json(directory / name)
