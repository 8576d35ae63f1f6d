"""Options that the commands on runs share, and the rows that they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from surefit.runs import Store

__all__ = ["Json", "Out", "Runs", "Where", "chosen", "names", "stored"]

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The run store, a directory.")]
Runs = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Runs, each by a part of its name that no other has."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only runs for which this holds: a column, one of `= != >= <= > < ~ !~` (`~` means "
        "contains), and a value; commas between alternatives, `and` between conditions, `none` "
        "for what is absent. Can be given several times.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def names(texts: Sequence[str] | None) -> list[str]:
    """The names in `--columns a b --columns c,d`."""
    return [name for text in texts or () for name in text.replace(",", " ").split()]


def stored(out: Path) -> Store:
    """The store, which must be there.

    Raises:
        InvalidInputError: there is no such directory.
    """
    from surefit.errors import InvalidInputError
    from surefit.runs import Store

    store = Store(out)
    if not store.root.is_dir():
        raise InvalidInputError(
            f"`surefit runs --out DIR`: DIR must be a run store. Got {str(out)!r}, which is no "
            "directory. Runs are looked for in `runs` if nothing else is said. Name the directory "
            "that `surefit certify` or `surefit sweep` wrote into."
        )
    return store


def chosen(
    rows: Sequence[dict[str, Any]], runs: Sequence[str] | None, where: Sequence[str] | None
) -> list[Any]:
    """The rows of the runs named, or all; of them those for which the conditions hold."""
    from surefit.runs.table import choose_runs, parse_where, select_rows

    found: Sequence[Any] = rows
    if runs:
        by_name = {str(row["run_id"]): row for row in rows}
        found = [by_name[name] for name in choose_runs(runs, list(by_name))]
    if not where:
        return list(found)
    # The columns are those of all rows, whatever the names leave.
    selected = {str(row["run_id"]) for row in select_rows(rows, parse_where(where))}
    return [row for row in found if row["run_id"] in selected]
