"""A sweep on the terminal while it runs: redrawn in place, or in lines where nothing is redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from surefit.cli.sweeping.costs import words
from surefit.cli.sweeping.law import width_words
from surefit.cli.sweeping.progress import Progress
from surefit.runs.grid import GridSpec

__all__ = ["LinesProgress", "LiveProgress", "QuietProgress", "progress_for"]

_SERIES, _RUNNING = 4, 8  # shown at once
_FIRST_LINE, _SLOWEST = 10.0, 300.0  # seconds between lines of a log
_LAW_EVERY = 2.0  # seconds; it costs milliseconds per number of samples


class QuietProgress(Progress):
    """Says nothing."""

    def __enter__(self) -> QuietProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class LinesProgress(QuietProgress):
    """A line now and then, ever more rarely: for logs.

    Args:
        grid: what is run.
        out: the store.
        console: where to print.
        clock: seconds that pass.
    """

    def __init__(
        self,
        grid: GridSpec,
        out: Path,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._clock = console, clock
        self._pause, self._next = _FIRST_LINE, clock() + _FIRST_LINE
        super().__init__(grid, out)

    def planned(  # noqa: D102
        self, total: int, reused: int, failed_before: int, seconds_expected: float | None
    ) -> None:
        super().planned(total, reused, failed_before, seconds_expected)
        self.said(self.counts())

    def said(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, markup=False, soft_wrap=True)

    def shown(self) -> None:
        """A line, if it is time for one."""
        if self._clock() >= self._next:
            self._pause = min(_SLOWEST, 1.5 * self._pause)
            self._next = self._clock() + self._pause
            self.said(self.counts())
            for text in law_lines(self):
                self.said(text)


class LiveProgress(QuietProgress):
    """Redrawn in place: a bar, what runs, and the law so far.

    Args:
        grid: what is run.
        out: the store.
        console: a terminal.
    """

    def __init__(self, grid: GridSpec, out: Path, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._law: list[str] = []
        self._law_due = 0.0
        super().__init__(grid, out)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def said(self, text: str) -> None:
        """A line that stays, above what is redrawn."""
        self._console.print(f"[dim]·[/] {escape(text)}", soft_wrap=True)

    def shown(self) -> None:
        """Draw anew."""
        self._live.update(self._drawn(), refresh=True)

    def _drawn(self) -> Group:
        now = time.monotonic()
        if now >= self._law_due:
            self._law, self._law_due = law_lines(self), now + _LAW_EVERY
        ended = self.done + len(self.failures) + self.failed_before
        rows = [
            f"  {run_id}  {words(now - begun)}"
            for run_id, (begun, _) in sorted(self.running.items(), key=lambda item: item[1])
        ]
        if len(rows) > _RUNNING:
            rows = [*rows[:_RUNNING], f"  and {len(rows) - _RUNNING} more"]
        bar = Table.grid()  # a bar by itself ends without a new line
        bar.add_row(ProgressBar(total=max(1, self.total), completed=ended, width=60))
        return Group(
            bar,
            Text(self.counts(), style="bold"),
            Text("\n".join(rows), style="dim"),
            Text("\n".join(self._law)),
        )


def law_lines(progress: Progress) -> list[str]:
    """The law so far, a line or two for each series."""
    options = progress.grid.options
    lines: list[str] = []
    known = [one for one in progress.series() if one.phase.trials.any()]
    for series in known[:_SERIES]:
        law = series.law(options.probability)
        widths = "; ".join(f"n = {n}: {width_words(width)}" for n, width in law.thresholds)
        head = f"{series.label}: " if series.label else ""
        lines.append(f"{head}least width ({options.success}, {options.probability:g}) {widths}")
        if len(law.thresholds) > 1:
            lines.append(f"  {law.words()}")
    if len(known) > _SERIES:
        lines.append(f"and {len(known) - _SERIES} more series")
    return lines


def progress_for(grid: GridSpec, out: Path, console: Console, quiet: bool) -> QuietProgress:
    """What suits the console."""
    if quiet:
        return QuietProgress(grid, out)
    return (LiveProgress if console.is_terminal else LinesProgress)(grid, out, console)
