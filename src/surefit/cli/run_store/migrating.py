"""`surefit runs migrate`."""

from __future__ import annotations

from pathlib import Path

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE
from surefit.cli.help import WideHelp
from surefit.cli.run_store.options import Out, stored

__all__ = ["register"]

HELP = """
Rewrite the runs of older versions as this version would write them.

Nothing needs this: older runs are read as they are. Afterwards versions before this one cannot
read them any more. Names, certificates and arrays stay as they are; every file is replaced whole,
and a run can be read at every moment.

Exit codes: 0 all runs are of the current schema; 1 some could not be rewritten.

Example:

- `surefit runs migrate --out studies`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("migrate", cls=WideHelp, help=HELP)(migrate)


def migrate(out: Out = Path("runs")) -> None:
    """Rewrite, and say what was done."""
    from surefit.runs.table.migrating import migrate_store

    done = migrate_store(stored(out))
    RESULTS.print(
        f"{len(done.rewritten)} rewritten, {len(done.current)} were as this version has them."
    )
    for name in done.busy:
        ERRORS.print(f"{name} was left alone: a process works on it.", soft_wrap=True)
    for why in done.refused.values():
        ERRORS.print(why, markup=False, soft_wrap=True)
    raise typer.Exit(ANSWER_IS_NO if done.busy or done.refused else DONE)
