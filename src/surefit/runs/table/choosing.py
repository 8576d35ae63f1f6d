"""Runs by their names, or by a part of a name that only they have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from surefit.errors import InvalidInputError

__all__ = ["choose_runs"]

_SHOWN = 8


def choose_runs(given: Iterable[str], run_ids: Sequence[str]) -> list[str]:
    """The full names of runs; each is given as a part of its name that no other one has.

    A name itself always counts, also where it is a part of another one; so does the path of a
    run's directory.

    Args:
        given: names, or parts of names: the first letters of the hash, say.
        run_ids: all names.

    Returns:
        One name per item of `given`, without repetitions, in their order.

    Raises:
        InvalidInputError: a part fits no run, or several.
    """
    return list(dict.fromkeys(_choose(text, run_ids) for text in given))


def _choose(text: str, run_ids: Sequence[str]) -> str:
    part = text.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    if part in run_ids:
        return part
    # The beginning of the hash says more than digits that happen to be somewhere else.
    by_hash = [name for name in run_ids if part and name.rpartition("-")[2].startswith(part)]
    found = by_hash if len(by_hash) == 1 else [name for name in run_ids if part and part in name]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise InvalidInputError(
            f"`RUN` must be a part of the name of one run. Got {text!r}, which {len(found)} have: "
            f"{names}. Give more of the name; the hash at its end differs for all runs."
        )
    near = difflib.get_close_matches(part, run_ids, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InvalidInputError(
        f"`RUN` must be a part of the name of one run. Got {text!r}, which none of the "
        f"{len(run_ids)} runs has.{hint} Write `surefit runs list` to see the names."
    )
