"""`surefit runs compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from surefit.cli.console import RESULTS
from surefit.cli.run_store.options import Json, Out, Runs, Where, chosen, stored
from surefit.cli.spread import SpreadCommand

__all__ = ["register"]

HELP = """
Compare runs: the fields in which they differ, and their results side by side.

Examples:

- `surefit runs compare 3f9a 77b0`

- `surefit runs compare --where "seed=0 and width=64,128,256"`
"""
_TOLD = {"run_id", "created", "verdict", "data_sha256", "samples_asked", "inputs_asked"}


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("compare", cls=SpreadCommand, help=HELP)(compare_runs)


def compare_runs(
    runs: Runs = [],  # noqa: B006 - Typer copies it
    out: Out = Path("runs"),
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Choose, lay side by side, print."""
    from surefit.errors import InvalidInputError
    from surefit.runs.table import list_rows, order_rows

    everything = list_rows(stored(out))
    rows = chosen(everything, runs, where) if runs or where else []
    if len(rows) < 2:
        raise InvalidInputError(
            f"`surefit runs compare RUN RUN...` must be given two runs or more. Got {len(rows)} of "
            f"{len(everything)}. Name them by parts of their names, or choose them with `--where`."
        )
    if not runs:
        rows = order_rows(rows)
    fields, results, same = _split(rows)
    if as_json:
        from surefit.core.jsonable import dumps

        kept = ["run_id", *fields, *results]
        RESULTS.print(
            dumps([{name: row[name] for name in kept} for row in rows]),
            markup=False,
            soft_wrap=True,
        )
        return
    from surefit.cli.run_store.words import shown

    _print_side_by_side(rows, fields, results)
    told = ", ".join(f"{name} {shown(rows[0][name])}" for name in same)
    RESULTS.print(f"The same for all: {told or 'nothing'}.", markup=False, soft_wrap=True)
    for row in rows:
        if row.get("verdict"):
            RESULTS.print(f"{_hash(row)}: {row['verdict']}", markup=False, soft_wrap=True)


def _split(rows: list[Any]) -> tuple[list[str], list[str], list[str]]:
    """Fields that differ, results, and fields that are the same."""
    from surefit.core.tidy import RESULT_COLUMNS

    present = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    differ = {name for name in present if len({row.get(name) for row in rows}) > 1}
    fields = [name for name in present if name not in RESULT_COLUMNS and name not in _TOLD]
    results = [name for name in present if name in RESULT_COLUMNS and name not in _TOLD]
    return (
        [name for name in fields if name in differ],
        results,
        [name for name in fields if name not in differ],
    )


def _print_side_by_side(rows: list[Any], fields: list[str], results: list[str]) -> None:
    from rich.markup import escape

    from surefit.cli.run_store.words import plain_table, shown

    table = plain_table()
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(escape(_hash(row)), justify="right", overflow="fold")
    for part in (fields, results):
        for name in part:
            cells = [escape(shown(row.get(name))) for row in rows]
            marked = name if name in fields or len(set(cells)) > 1 else f"[dim]{name}[/]"
            table.add_row(marked, *cells)
        table.add_section()
    RESULTS.print(table)


def _hash(row: Any) -> str:
    return str(row["run_id"]).rpartition("-")[2]
