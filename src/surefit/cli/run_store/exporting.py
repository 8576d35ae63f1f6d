"""`surefit runs export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import RESULTS
from surefit.cli.run_store.options import Out, Where, chosen, names, stored
from surefit.cli.spread import SpreadCommand

__all__ = ["register"]

HELP = """
Write the runs of a store as one table, for pandas, DuckDB or a spreadsheet.

One row per finished or failed run, one column per field and result (`surefit runs columns`). The
ending of the file says what is written: `.csv`, or `.parquet`, which keeps the types of columns
(extra `parquet`). The file appears whole or not at all; one that is there is replaced.

Examples:

- `surefit runs export runs.csv`

- `surefit runs export widths.parquet --where "kind=certify" --columns width seed final_loss`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("export", cls=SpreadCommand, help=HELP)(export)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv or .parquet.")],
    out: Out = Path("runs"),
    where: Where = None,
    sort: Annotated[
        list[str] | None,
        typer.Option("--sort", metavar="COLUMN", help="Order by it; a minus sign: largest first."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAME ...", help="Only these, in this order."),
    ] = None,
) -> None:
    """Read, select, order, write."""
    from surefit.core.tidy import tidy_rows
    from surefit.runs.table import export_table, order_rows
    from surefit.runs.table.where import require_columns

    everything = tidy_rows(stored(out).root)
    wanted = names(columns) or None
    require_columns(wanted or (), everything)
    rows = order_rows(chosen(everything, None, where), names(sort))
    path = export_table(rows, file, wanted)
    count = len(wanted or (rows[0] if rows else ()))
    RESULTS.print(
        f"{len(rows)} rows{f', {count} columns' if count else ''}: {path}",
        markup=False,
        soft_wrap=True,
    )
