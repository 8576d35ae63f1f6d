"""`surefit runs`: the group of commands, and what it does when none is named."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from surefit.cli.run_store import (
    comparing,
    deleting,
    exporting,
    listing,
    migrating,
    showing,
    tracking,
)

__all__ = ["register"]

HELP = """
Look at the runs in a store: list and filter them, show and compare them, export them as one table,
delete them.

Without a command it lists. A run is named by any part of its name that no other run has: the first
letters of the hash at its end, say. `surefit runs columns` explains every column.

Examples:

- `surefit runs`

- `surefit runs list --where "width>=128 and status=failed" --sort -width`

- `surefit runs show 3f9a`

- `surefit runs compare 3f9a 77b0`

- `surefit runs export runs.parquet`

- `surefit runs delete --where status=failed`
"""


class ListFirst(TyperGroup):
    """A group that lists where no command is named: `surefit runs --out studies`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front of options that no command stands before."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        cls=ListFirst,
        help=HELP,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for part in (listing, showing, comparing, deleting, exporting, tracking, migrating):
        part.register(group)
    short = "List, show, compare, export and delete the runs of a store."
    app.add_typer(group, name="runs", short_help=short)
