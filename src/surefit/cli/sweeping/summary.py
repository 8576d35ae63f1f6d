"""What came out of a sweep: successes over width and samples, the law, and what failed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.cli.sweeping.law import Series, width_words
from surefit.cli.sweeping.progress import Progress, reason
from surefit.runs import Store

__all__ = ["print_failures", "print_law"]

_FAILURES = 10  # shown
_WORDS = {
    "converged": "training reached its goal",
    "proved": "a certificate was proved",
    "holds": "the verdict is yes",
}


def print_law(console: Console, progress: Progress) -> None:
    """Print, for each series, the table of successes and the law."""
    options = progress.grid.options
    for series in progress.series():
        if not series.phase.trials.any():
            continue
        if series.label:
            console.print(f"[bold]{escape(series.label)}[/]", soft_wrap=True)
        # Not the title of the table, whose columns are narrower than a sentence.
        console.print(f"Cells in which {_WORDS[options.success]}:")
        console.print(_table(series))
        law = series.law(options.probability)
        console.print(
            f"Least width for success with probability {options.probability:g} (95 % interval):"
        )
        for samples, threshold in law.thresholds:
            console.print(f"  {samples} samples: {width_words(threshold)}", markup=False)
        if len(law.thresholds) > 1:
            console.print(f"Law: {law.words()}", markup=False, soft_wrap=True)
        console.print()


def _table(series: Series) -> Table:
    phase = series.phase
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("width", justify="right")
    for samples in phase.x:
        table.add_column(f"n = {samples}", justify="right")
    for row, width in enumerate(phase.y):
        counts = zip(phase.successes[:, row], phase.trials[:, row], strict=True)
        table.add_row(str(width), *(_share(int(good), int(all_)) for good, all_ in counts))
    return table


def _share(good: int, tried: int) -> str:
    if not tried:
        return "-"
    colour = "green" if good == tried else "red" if not good else "yellow"
    return f"[{colour}]{good}/{tried}[/]"


def print_failures(console: Console, failed: tuple[str, ...], out: Path) -> None:
    """Print why cells failed, a line each, and what to do about it."""
    if not failed:
        return
    known: Mapping[str, str] = {
        one.run_id: reason(one.error, one.message) for one in Store(out).failures()
    }
    console.print(f"[bold red]{len(failed)} failed[/]")
    for run_id in failed[:_FAILURES]:
        console.print(f"  {run_id}: {known.get(run_id, 'no reason is known')}", markup=False,
                      soft_wrap=True)  # fmt: skip
    if len(failed) > _FAILURES:
        console.print(f"  and {len(failed) - _FAILURES} more")
    console.print(
        f"Why:    surefit runs show {failed[0]} --out {shlex.quote(str(out))}\n",
        markup=False,
        soft_wrap=True,
    )
