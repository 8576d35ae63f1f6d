"""`surefit sweep`: many runs, described by a grid file."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.spread import SpreadCommand
from surefit.errors import InvalidInputError, StorageError

if TYPE_CHECKING:
    from surefit.cli.sweeping.progress import Progress
    from surefit.runs.grid import GridSpec, SweepOptions
    from surefit.workflows import SweepOutcome

__all__ = ["register"]

HELP = """
Run a whole grid: widths, numbers of samples, depths, seeds, or any other option of `surefit
certify`, every value with every other.

A grid file says what varies. `--init grid.toml` writes one that explains itself. Cells run in
processes of their own, one for each core, and land in the same store as single runs. While they
run you see what is done, how long the rest takes, and the law so far: the least width at which
training succeeds, over the number of samples.

Whatever happens (Ctrl-C, a crash, a full disk), the same command goes on: finished cells are not
computed again, interrupted ones go on where they were. A cell that fails is kept with its
traceback, and tried again with `--retry-failed`.

Exit codes: 0 all cells are finished; 1 some failed; 2 bad input; 3 interrupted.

Examples:

- `surefit sweep --init grid.toml`

- `surefit sweep grid.toml --out runs --dry-run`

- `surefit sweep grid.toml --out runs --workers 2`

- `surefit sweep grid.toml --out runs --dask tcp://127.0.0.1:8786`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    short = "Run certify on a whole grid of options, such as widths and seeds."
    app.command("sweep", cls=SpreadCommand, help=HELP, short_help=short)(sweep)


def sweep(
    grid: Annotated[
        Path | None, typer.Argument(metavar="GRID", help="The grid file, in TOML form.")
    ] = None,
    *,
    init: Annotated[
        Path | None,
        typer.Option(
            "--init",
            metavar="FILE",
            help="Write a grid file with comments and stop; `-` prints it.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The run store, a directory.")
    ] = Path("runs"),
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="INTEGER", help="Processes at the same time."),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS", help="Run on this Dask cluster instead."),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            "--memory-limit", metavar="SIZE", help="What all workers may use, such as 8GB."
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try cells again that failed before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and stop.")
    ] = False,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin", metavar="FILE ...", help="Python files with your activations, theorems, ..."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the result only.")] = False,
) -> None:
    """Parse, run, print, and turn the outcome into an exit code."""
    if init is not None:
        _write_example(init)
        return
    if grid is None:
        raise InvalidInputError(
            "`surefit sweep GRID` must name a grid file. Got none. It says what varies. Write "
            "`surefit sweep --init grid.toml` for one with comments, then `surefit sweep "
            "grid.toml`."
        )
    from surefit.runs.grid import GridSpec

    parsed = GridSpec.from_file(grid)
    options = _options(parsed, workers=workers, dask=dask, memory_limit=memory_limit)
    parsed.cells()
    _load(plugin or [])
    # Imported late: `--help` and bad options should answer at once.
    import jax

    from surefit.workflows.foresight import foresee

    # Only workers compute; a GPU is theirs.
    jax.config.update("jax_platforms", "cpu")
    largest = foresee(parsed.cells())
    for note in () if quiet else parsed.notes():
        ERRORS.print(note, markup=False, soft_wrap=True)
    if dry_run:
        from surefit.cli.sweeping.dry_run import print_plan

        print_plan(RESULTS, parsed, out, largest, retry_failed)
        return
    progress, outcome = _run(parsed, options, out, retry_failed, quiet)
    if outcome is None or outcome.interrupted:
        ERRORS.print("Interrupted. Nothing is lost: run the same command again to go on.")
        raise typer.Exit(INTERRUPTED)
    _print(progress, outcome, grid, out)
    raise typer.Exit(ANSWER_IS_NO if outcome.failed else DONE)


def _load(plugins: list[Path]) -> None:
    """The user's files, here and in every worker that is started from here."""
    from surefit.core.plugins import PLUGINS, load_plugins

    load_plugins(plugins)
    if plugins:
        os.environ[PLUGINS] = os.pathsep.join(str(path.resolve()) for path in plugins)


def _write_example(path: Path) -> None:
    from surefit.runs.grid import grid_example

    if str(path) == "-":
        typer.echo(grid_example(), nl=False)
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(grid_example())
    except FileExistsError:
        raise InvalidInputError(
            f"`surefit sweep --init FILE` must name a new file. Got {path}, which exists. It would "
            "be overwritten. Choose another name, or delete the file."
        ) from None
    except OSError as cause:
        raise StorageError(
            f"`surefit sweep --init FILE` must name a file that can be written. Got {path}: "
            f"{cause.strerror}. Choose another folder."
        ) from cause
    RESULTS.print(
        f"Wrote {path}. Change it, then: surefit sweep {path} --out runs",
        markup=False,
        soft_wrap=True,
    )


def _options(grid: GridSpec, **given: object) -> SweepOptions:
    """Those of the file, with what was given on the command line."""
    from surefit.runs.grid import SweepOptions

    values = {name: getattr(grid.options, name) for name in grid.options.model_fields_set}
    values.update({name: value for name, value in given.items() if value is not None})
    return SweepOptions.parse(values, "surefit sweep")


def _run(
    grid: GridSpec,
    options: SweepOptions,
    out: Path,
    retry_failed: bool,
    quiet: bool,
) -> tuple[Progress, SweepOutcome | None]:
    """The sweep; None: it was interrupted before or after the cells."""
    from surefit import workflows
    from surefit.cli.sweeping.show import progress_for

    progress = progress_for(grid, out, ERRORS, quiet)
    try:
        with progress:
            outcome = workflows.sweep(
                grid.cells(),
                out,
                workers=options.workers,
                dask=options.dask,
                memory_limit=options.memory_limit,
                retry_failed=retry_failed,
                listener=progress,
            )
    except KeyboardInterrupt:
        return progress, None
    return progress, outcome


def _print(progress: Progress, outcome: SweepOutcome, grid: Path, out: Path) -> None:
    from surefit.cli.sweeping.costs import words
    from surefit.cli.sweeping.summary import print_failures, print_law

    print_law(RESULTS, progress)
    print_failures(RESULTS, outcome.failed, out)
    done = outcome.finished + outcome.reused
    mark = "[bold red]✗[/]" if outcome.failed else "[bold green]✓[/]"
    text = f"{done} of {done + len(outcome.failed)} cells are finished"
    if outcome.finished:
        text += f", {outcome.finished} of them now, in {words(outcome.seconds)}"
    RESULTS.print(f"{mark} {text}.\n", soft_wrap=True)
    store = shlex.quote(str(out))
    commands = {"Table": f"surefit runs --out {store}", "Report": f"surefit report {store}"}
    if outcome.failed:
        file = shlex.quote(str(grid))
        commands["Again"] = f"surefit sweep {file} --out {store} --retry-failed"
    for name, command in commands.items():
        RESULTS.print(f"{name + ':':<7} {command}", soft_wrap=True, markup=False)
