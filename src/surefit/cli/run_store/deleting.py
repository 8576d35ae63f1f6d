"""`surefit runs delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE
from surefit.cli.run_store.options import Out, Runs, Where, chosen, stored
from surefit.cli.spread import SpreadCommand

__all__ = ["register"]

HELP = """
Delete runs for good, finished, failed or interrupted ones.

It says what would go and how large that is, and asks. A run on which a process works is left
alone. Deleted runs can be made again by the commands that made them.

Exit codes: 0 all of them are gone; 1 you said no, or some were in progress.

Examples:

- `surefit runs delete 3f9a 77b0`

- `surefit runs delete --where "status=failed"`

- `surefit runs delete --out studies --where "data=wine and width<64" --yes`
"""
_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("delete", cls=SpreadCommand, help=HELP)(delete)


def delete(
    runs: Runs = [],  # noqa: B006 - Typer copies it
    out: Out = Path("runs"),
    where: Where = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Choose, ask, delete, and say what happened."""
    from surefit.cli.run_store.words import size
    from surefit.errors import InvalidInputError
    from surefit.runs.table import delete_runs, list_rows, order_rows
    from surefit.runs.table.deleting import run_bytes

    if not runs and not where:
        raise InvalidInputError(
            "`surefit runs delete` must be told which runs. Got none. Name them, or give a "
            'condition: `surefit runs delete --where "status=failed"`. To delete a whole store, '
            "delete its directory."
        )
    store = stored(out)
    rows = order_rows(chosen(list_rows(store), runs, where))
    if not rows:
        RESULTS.print("No run is like that; nothing was deleted.")
        return
    for row in rows[:_SHOWN]:
        RESULTS.print(f"  {row['run_id']}  {row['status']}", markup=False, soft_wrap=True)
    if len(rows) > _SHOWN:
        RESULTS.print(f"  ... and {len(rows) - _SHOWN} more")
    total = size(sum(run_bytes(store, str(row["run_id"])) for row in rows))
    told = "this run" if len(rows) == 1 else f"these {len(rows)} runs"
    if not yes and not typer.confirm(f"Delete {told} ({total}) for good?"):
        RESULTS.print("Nothing was deleted.")
        raise typer.Exit(ANSWER_IS_NO)
    done = delete_runs(store, [str(row["run_id"]) for row in rows])
    count = len(done.deleted)
    RESULTS.print(f"Deleted {count} {'run' if count == 1 else 'runs'}.")
    for name in done.busy:
        ERRORS.print(f"{name} was left alone: a process works on it.", markup=False, soft_wrap=True)
    raise typer.Exit(ANSWER_IS_NO if done.busy else DONE)
