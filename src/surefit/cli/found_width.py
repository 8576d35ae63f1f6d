"""`surefit width --target-loss`: the smallest width at which descent succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit import report
from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.progress import RichListener
from surefit.cli.warned import explained_warnings
from surefit.cli.width_tables import plain_table
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.workflows.width_finder import FoundWidth, FoundWidths, find_width
from surefit.workflows.width_finder.found import asked_powers
from surefit.workflows.width_finder.outcome import Outcome
from surefit.workflows.width_finder.wording import shown_interval, shown_power, shown_width

__all__ = ["run"]

_MARK = {True: "[bold green]✓[/]", False: "[bold red]✗[/]", None: "[bold yellow]?[/]"}


def run(spec: WidthFinderSpec, out: Path, quiet: bool) -> None:
    """Search, print, and turn the outcome into an exit code.

    Args:
        spec: what to look for.
        out: the run store.
        quiet: print the verdict only.
    """
    try:
        with explained_warnings(ERRORS), RichListener(ERRORS, quiet=quiet) as listener:
            found = find_width(spec, out, listener=listener, writers=(report.write_experiment,))
    except KeyboardInterrupt:
        ERRORS.print("Interrupted. Nothing is lost: run the same command again to go on.")
        raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        if found.reused:
            RESULTS.print("This search is finished already; nothing was computed again.\n")
        print_found(RESULTS, found)
    record = found.record
    for check in record.checks:
        if check.holds is not True:
            RESULTS.print(f"[bold yellow]?[/] {escape(f'{check.name}: {check.note}')}")
    RESULTS.print(f"{_MARK[record.holds]} {escape(record.verdict)}", soft_wrap=True)
    RESULTS.print(f"\nRun:    {found.directory}", soft_wrap=True, markup=False)
    RESULTS.print(f"Report: {found.directory / 'report.html'}", soft_wrap=True, markup=False)
    raise typer.Exit(DONE if record.holds else ANSWER_IS_NO)


def print_found(console: Console, found: FoundWidths) -> None:
    """The widths, why runs failed, and what published results ask for."""
    console.print(_widths(found.sizes))
    if any(size.demands for size in found.sizes):
        console.print(_demands(found))


def _widths(sizes: Sequence[FoundWidth]) -> Table:
    table = plain_table(
        "Smallest width at which descent succeeds",
        "interval: of the width; slow, stuck, diverged: runs that failed, at all widths tried.",
        "samples", "width", "interval", "steps", "runs", "reached", "slow", "stuck", "diverged",
    )  # fmt: skip
    for size in sizes:
        counts = [sum(probe.count(kind) for probe in size.probes) for kind in Outcome]
        table.add_row(
            str(size.samples),
            shown_width(size),
            shown_interval(size),
            str(size.budget.steps),
            *map(str, (sum(counts), *counts)),
        )
    return table


def _demands(found: FoundWidths) -> Table:
    """One row per result, one column per number of samples."""
    sizes = found.sizes
    powers = asked_powers(sizes)
    table = plain_table(
        "Width that each result asks for",
        "in brackets: over the one found; * has a hidden constant, set to 1 (the report has more).",
        "result",
        *(f"{size.samples} samples" for size in sizes),
        *(("power of n",) if len(sizes) > 1 else ()),
    )
    own = [f"{shown_width(size)}" for size in sizes]
    measured = "-" if found.law is None else shown_power(found.law)
    table.add_row("found", *own, *((measured,) if len(sizes) > 1 else ()))
    for demand in sizes[0].demands:
        cells = []
        for size in sizes:
            match = [other for other in size.demands if other.result == demand.result]
            width = match[0].width if match else None
            star = "*" if demand.unstated else ""
            over = 0.0 if width is None else width / size.threshold.value
            cells.append("-" if width is None else f"{width:.3g}{star} ({over:.2g})")
        if len(sizes) > 1:
            cells.append(f"{powers[demand.result]:.2f}" if demand.result in powers else "-")
        table.add_row(demand.result, *cells)
    return table
