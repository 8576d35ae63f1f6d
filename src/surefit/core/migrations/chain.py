"""From any older schema of a run to the current one, step by step.

A step is a function from the JSON documents of a run (file name -> content) to those of the next
schema. It never changes what it is given. It must also accept documents of which some are already
as it leaves them: a rewriting that was killed halfway leaves such a run.

To change a schema: raise its number in `CURRENT` and where it is written, add a step, and a test
with a run in the old form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from surefit.core.migrations.run_1_to_2 import seconds_to_timings
from surefit.errors import StorageError

__all__ = ["CURRENT", "Documents", "schema_of", "upgraded"]

Documents = Mapping[str, Any]

CURRENT = {"run": 2, "kernel": 1, "experiment": 1}

_STEPS: dict[tuple[str, int], Callable[[Documents], dict[str, Any]]] = {
    ("run", 1): seconds_to_timings,
}


def schema_of(result: Any) -> tuple[str, int]:
    """(family, number) of the schema that a `result.json` names: `2` or `"kernel/1"`.

    Raises:
        ValueError: it names none that this version has heard of.
    """
    named = result.get("schema") if isinstance(result, dict) else None
    if isinstance(named, int) and not isinstance(named, bool):
        return "run", named
    family, slash, number = str(named).partition("/")
    if slash and family in CURRENT and family != "run" and number.isascii() and number.isdigit():
        return family, int(number)
    raise ValueError(f"schema {named!r}")


def upgraded(documents: Documents, place: object) -> dict[str, Any]:
    """The documents of a run as this version has them; the same ones if they are current.

    Args:
        documents: file name -> content, `result.json` among them.
        place: where they are from, for messages.

    Raises:
        StorageError: the schema is newer than this version, or unknown.
    """
    found = dict(documents)
    try:
        family, number = schema_of(found["result.json"])
    except ValueError as cause:
        raise StorageError(
            f"{place} must hold a run with a schema that surefit knows. Got {cause}. It may have "
            "been edited; delete it and run the same command again."
        ) from None
    if number > CURRENT[family]:
        raise _newer(place, family, number, found.get("environment.json"))
    while number < CURRENT[family]:
        step = _STEPS.get((family, number))
        if step is None:
            raise StorageError(
                f"{place} must hold a run of a known schema. Got schema {number} of a {family}, "
                "which never was. It may have been edited; delete it and run the command again."
            )
        found = step(found)
        number += 1
    return found


def _newer(place: object, family: str, number: int, environment: Any) -> StorageError:
    writer = environment.get("surefit") if isinstance(environment, dict) else None
    told = f"surefit {writer}" if writer else "a newer version of surefit"
    install = f"surefit>={writer}" if writer else "surefit"
    return StorageError(
        f"{place} must hold a {family} of schema {CURRENT[family]} or an older one. Got schema "
        f"{number}. It was written by {told}, whose files this version does not know. Install "
        f"that version or a newer one: `pip install --upgrade '{install}'`."
    )
