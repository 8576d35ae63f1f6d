"""`surefit runs show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from surefit.cli.console import RESULTS
from surefit.cli.help import WideHelp
from surefit.cli.run_store.options import Json, Out, chosen, stored

__all__ = ["register"]

HELP = """
Show one run: its verdict, its fields and results with what they mean, and where it is.

For a run that failed, the traceback; for one in progress, what to do about it.

Examples:

- `surefit runs show 3f9a`

- `surefit runs show 3f9a --out studies --json`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("show", cls=WideHelp, help=HELP)(show_run)


def show_run(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A part of its name that no other run has.")
    ],
    out: Out = Path("runs"),
    as_json: Json = False,
) -> None:
    """Find and print."""
    from surefit.runs.table import list_rows

    store = stored(out)
    (row,) = chosen(list_rows(store), [run], None)
    if as_json:
        from surefit.core.jsonable import dumps

        RESULTS.print(dumps(row), markup=False, soft_wrap=True)
        return
    from surefit.runs.table.deleting import run_bytes, run_places

    _print_head(row)
    if row["status"] not in ("failed", "unreadable"):
        _print_cells(row)
    _print_ending(store, row)
    for place in run_places(store, str(row["run_id"])):
        RESULTS.print(f"Directory: {place}", markup=False, soft_wrap=True)
        if (place / "report.html").exists():
            RESULTS.print(f"Report:    {place / 'report.html'}", markup=False, soft_wrap=True)
    from surefit.cli.run_store.words import size

    RESULTS.print(f"Size:      {size(run_bytes(store, str(row['run_id'])))}", markup=False)


def _print_head(row: Any) -> None:
    from rich.markup import escape

    from surefit.cli.run_store.words import STATE_COLOURS

    colour = STATE_COLOURS.get(str(row["status"]), "default")
    RESULTS.print(
        f"[bold]{escape(str(row['run_id']))}[/]  [{colour}]{row['status']}[/]", soft_wrap=True
    )
    if row.get("verdict"):
        RESULTS.print(str(row["verdict"]), markup=False, soft_wrap=True)


def _print_cells(row: Any) -> None:
    from rich.markup import escape

    from surefit.cli.run_store.words import plain_table, shown
    from surefit.core.tidy import ASKED, COLUMNS

    told = {"run_id", "status", "verdict", "error", "message"}
    meanings = {column.name: column.meaning.replace("`", "") for column in COLUMNS}
    table = plain_table()
    table.add_column("field or result", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("meaning", overflow="fold", style="dim")
    for name, value in row.items():
        # What was asked for, where something else was used.
        as_asked = name.endswith(ASKED) and shown(row.get(name.removesuffix(ASKED))) == shown(value)
        if value is not None and name not in told and not as_asked:
            table.add_row(name, escape(shown(value)), meanings.get(name, ""))
    RESULTS.print(table)


def _print_ending(store: Any, row: Any) -> None:
    status, name = row["status"], row["run_id"]
    if status == "failed":
        failure = next((one for one in store.failures() if one.run_id == name), None)
        if failure is not None and failure.traceback:
            RESULTS.print(failure.traceback.rstrip(), markup=False, soft_wrap=True)
        RESULTS.print(f"{row['error']}: {row['message']}", markup=False, soft_wrap=True)
        tries = "once" if row["attempts"] == 1 else f"{row['attempts']} times"
        RESULTS.print(
            f"Tried {tries}, the last time {row['created']}. `surefit sweep ... --retry-failed` "
            "tries again.",
            markup=False,
            soft_wrap=True,
        )
    elif status == "unreadable":
        RESULTS.print(str(row["message"]), markup=False, soft_wrap=True)
    elif status == "interrupted":
        RESULTS.print(
            "Interrupted: the command that began it goes on where it was.",
            markup=False,
            soft_wrap=True,
        )
    elif status == "running":
        RESULTS.print("A process works on it right now.", markup=False)
