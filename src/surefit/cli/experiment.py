"""`surefit experiment`: the experiments of the papers, one command each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.fields import with_fields
from surefit.cli.spread import SpreadCommand
from surefit.runs.experiments import EXPERIMENT_SPECS, ExperimentSpec

__all__ = ["register"]

HELP = """
Run the experiment of a paper: its figure, with the claims read off it as checks.

The figure is computed anew, and every claim about it is held against the numbers: exit code 0 if
all checks hold, 1 if one fails. What the paper leaves open is an option, and is listed in the
report. An interrupted experiment goes on where it was when the same command is run again; a
finished one is shown and not computed again.

Each experiment is one directory with the curves (CSV and JSON) and a page to open in a browser.

Example: `surefit experiment gao2022 --data-dir mnist --out runs`
"""

_EXAMPLES = {
    "allen_zhu2019_landscape": (
        "surefit experiment allen_zhu2019_landscape",
        "surefit experiment allen_zhu2019_landscape --network residual --depth 8 --epochs 0 20 80",
        "surefit experiment allen_zhu2019_landscape --smoothing 0",
    ),
    "allen_zhu2019_width": (
        "surefit experiment allen_zhu2019_width",
        "surefit experiment allen_zhu2019_width --widths 64 128 256 512 --repeats 8 --depth 3",
    ),
    "gao2022": (
        "surefit experiment gao2022",
        "surefit experiment gao2022 --widths 64 128 256 --epochs 100",
        "surefit experiment gao2022 --data-dir mnist --samples-per-class 500",
    ),
    "song2021": (
        "surefit experiment song2021",
        "surefit experiment song2021 --losses cross_entropy --ratios 0.0625 1 --repeats 5",
        "surefit experiment song2021 --data-dir mnist --biases --teacher-activation gelu",
    ),
    "song2021-width": (
        "surefit experiment song2021-width",
        "surefit experiment song2021-width --activation softplus --inputs 16 24 32",
    ),
}


def register(app: typer.Typer) -> None:
    """Add the command with one subcommand per experiment to the application."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=HELP)
    for name, spec in EXPERIMENT_SPECS.items():
        command = with_fields(_command(spec), spec, panel="Experiment")
        group.command(name, cls=SpreadCommand, help=_help(name, spec))(command)
    short = "Repeat the experiment of a paper, with its claims as checks."
    app.add_typer(group, name="experiment", short_help=short)


def _help(name: str, spec: type[ExperimentSpec]) -> str:
    examples = "\n\n".join(f"- `{line}`" for line in _EXAMPLES.get(name, ()))
    return f"{spec.paper}.\n\nExamples:\n\n{examples}" if examples else f"{spec.paper}."


def _command(spec: type[ExperimentSpec]) -> Callable[..., None]:
    def command(
        *,
        out: Annotated[
            Path, typer.Option("--out", metavar="DIR", help="The run store, a directory.")
        ] = Path("runs"),
        quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")] = False,
        **fields: Any,
    ) -> None:
        _run(spec, out, quiet, fields)

    return command


def _run(kind: type[ExperimentSpec], out: Path, quiet: bool, fields: dict[str, Any]) -> None:
    """Parse, run, print, and turn the outcome into an exit code."""
    spec = kind.parse({key: value for key, value in fields.items() if value not in (None, [])})

    # Imported late: `--help` and bad options should answer at once.
    from surefit import report
    from surefit.cli.progress import RichListener
    from surefit.cli.warned import explained_warnings
    from surefit.workflows.experiments import run

    finished = None
    try:
        with explained_warnings(ERRORS), RichListener(ERRORS, quiet=quiet) as listener:
            finished = run(spec, out, listener=listener, writers=(report.write_experiment,))
    except KeyboardInterrupt:  # before or after training
        pass
    if finished is None or finished.record is None:
        ERRORS.print("Interrupted. Nothing is lost: run the same command again to go on.")
        raise typer.Exit(INTERRUPTED)
    record, directory = finished.record, finished.directory
    if not quiet:
        if finished.reused:
            RESULTS.print("This experiment is finished already; nothing was computed again.\n")
        RESULTS.print(_table(record.columns, record.rows))
        for check in record.checks:
            if check.holds is not True:
                RESULTS.print(f"[bold red]✗[/] {escape(str(check))}", soft_wrap=True)
    mark = {True: "[bold green]✓[/]", False: "[bold red]✗[/]", None: "[bold yellow]?[/]"}
    RESULTS.print(f"{mark[record.holds]} {escape(record.verdict)}", soft_wrap=True)
    RESULTS.print(f"\nRun:    {directory}", soft_wrap=True, markup=False)
    RESULTS.print(f"Report: {directory / 'report.html'}", soft_wrap=True, markup=False)
    raise typer.Exit(DONE if record.holds else ANSWER_IS_NO)


def _table(columns: tuple[str, ...], rows: tuple[tuple[float | int | str, ...], ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{x:.4g}" if isinstance(x, int | float) else escape(x) for x in row))
    return table
