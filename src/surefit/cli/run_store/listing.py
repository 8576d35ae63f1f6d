"""`surefit runs list` and `surefit runs columns`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from surefit.cli.console import RESULTS
from surefit.cli.help import WideHelp
from surefit.cli.run_store.options import Json, Out, Where, chosen, names, stored
from surefit.cli.spread import SpreadCommand

__all__ = ["register"]

HELP = """
List the runs of a store, also those that failed or are in progress.

Shown are the fields in which the runs differ, and the results; what they have in common stands
below. `--columns` chooses others (`surefit runs columns` explains them all).

Examples:

- `surefit runs list`

- `surefit runs list --out studies --where "width>=128" --where "data=digits,wine"`

- `surefit runs list --where proved=no --sort -width,seed --columns width seed verdict`

- `surefit runs list --where "status=failed" --json`
"""
# What describes a run, in the order of the table; a listing shows those that differ.
_FIELDS = (
    "kind", "experiment", "data", "target", "classes", "samples", "network", "activation", "init",
    "width", "depth", "gamma", "tau", "loss", "method", "step_size_asked", "batch_size",
    "target_loss", "noise", "preprocess", "weight_std", "antisymmetric", "polish", "from_start",
    "seed",
)  # fmt: skip
_RESULTS = ("steps", "final_loss", "holds", "proved", "lambda_min_initial", "seconds", "error")
_ALIKE = ("data", "target", "classes", "samples", "network", "activation", "width", "depth", "loss")


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("list", cls=SpreadCommand, help=HELP)(list_runs)
    app.command("columns", cls=WideHelp)(columns_of_the_table)


def list_runs(
    out: Out = Path("runs"),
    where: Where = None,
    sort: Annotated[
        list[str] | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="Order by a column, with a minus sign in front the largest first; several with "
            "commas between them. Absent values come last.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAME ...", help="The columns to show, in this order."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many rows.")] = None,
    as_json: Json = False,
) -> None:
    """Read, select, order, print."""
    from surefit.runs.table import list_rows, order_rows
    from surefit.runs.table.where import require_columns

    store = stored(out)
    everything = list_rows(store)
    require_columns(names(columns), everything)
    rows = order_rows(chosen(everything, None, where), names(sort))
    if as_json:
        from surefit.core.jsonable import dumps

        wanted = names(columns) or list(rows[0] if rows else ())
        RESULTS.print(
            dumps([{name: row.get(name) for name in wanted} for row in rows[:limit]]),
            markup=False,
            soft_wrap=True,
        )
        return
    if not everything:
        RESULTS.print(f"No runs in {out} yet. `surefit certify --out {out}` makes one.")
        return
    if rows:
        _print_rows(rows[:limit], names(columns))
    _print_summary(rows, len(everything), limit)


def columns_of_the_table() -> None:
    """Explain the columns of the table of runs, in its order."""
    from surefit.cli.run_store.words import plain_table
    from surefit.core.tidy import COLUMNS

    words = {str: "text", int: "integer", float: "number", bool: "yes or no"}
    table = plain_table()
    for head in ("column", "type", "unit"):
        table.add_column(head, no_wrap=True)
    table.add_column("meaning", overflow="fold")
    for column in COLUMNS:
        meaning = column.meaning.replace("`", "")
        table.add_row(column.name, words[column.type], column.unit or "-", meaning)
    RESULTS.print(table)


def _print_rows(rows: list[Any], columns: list[str]) -> None:
    from rich.markup import escape

    from surefit.cli.run_store.words import STATE_COLOURS, print_fitting, shown
    from surefit.core.tidy import column_type

    alike: list[str] = []
    if not columns:
        differing = [name for name in _FIELDS if _differs(name, rows)]
        alike = [name for name in _ALIKE if _is_common(name, rows)]
        if len(rows) == 1:
            differing, alike = alike, []
        got = [name for name in _RESULTS if any(row.get(name) is not None for row in rows)]
        columns = ["status", *differing, *got]

    def cell(row: Any, name: str) -> str:
        text = escape(shown(row.get(name)).replace("\n", " "))
        colour = STATE_COLOURS.get(str(row.get(name))) if name == "status" else None
        return f"[{colour}]{text}[/]" if colour else text

    hashes = [escape(str(row["run_id"]).rpartition("-")[2]) for row in rows]
    table = [] if "run_id" in columns else [("run", "left", hashes)]
    for name in columns:
        side = "right" if column_type(name, rows) in (int, float) else "left"
        table.append((name, side, [cell(row, name) for row in rows]))
    left_out = print_fitting(RESULTS, table)
    if alike:
        told = ", ".join(f"{name} {shown(rows[0][name])}" for name in alike)
        RESULTS.print(f"All: {told}.", markup=False, soft_wrap=True)
    if left_out:
        RESULTS.print(
            f"Too narrow for: {', '.join(left_out)} (`--columns` chooses).",
            markup=False,
            soft_wrap=True,
        )


def _is_common(name: str, rows: list[Any]) -> bool:
    value = rows[0].get(name)
    return value is not None and all(row.get(name) == value for row in rows)


def _differs(name: str, rows: list[Any]) -> bool:
    """Whether it has several values, or is absent for some runs of a kind and not for others."""
    values = {row.get(name) for row in rows} - {None}
    if len(values) > 1 or not values:
        return bool(values)
    return any(
        len({row.get(name) for row in rows if row.get("kind") == kind}) > 1
        for kind in {row.get("kind") for row in rows}
    )


def _print_summary(rows: list[Any], everything: int, limit: int | None) -> None:
    states = Counter(str(row["status"]) for row in rows)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    of = f" of {everything}" if len(rows) < everything else ""
    runs = "run" if len(rows) == 1 and not of else "runs"
    first = f"; the first {limit} are shown" if limit is not None and limit < len(rows) else ""
    RESULTS.print(f"{len(rows)}{of} {runs}{': ' if told else ''}{told}{first}.", markup=False)
    if states["failed"] or states["unreadable"]:
        RESULTS.print("`surefit runs show RUN` says why.", markup=False)
