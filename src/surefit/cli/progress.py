"""Progress on the terminal: one line per stage, a bar while training."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from surefit.workflows import Listener

__all__ = ["RichListener"]


class RichListener(Listener):
    """Prints stages and a training bar to a console; a context manager.

    Args:
        console: where to print.
        quiet: print nothing.
    """

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._bar: Progress | None = None

    def __enter__(self) -> RichListener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def stage(self, message: str) -> None:
        """One line per stage."""
        self._stop()
        if not self._quiet:
            self._console.print(f"[dim]·[/] {escape(message)}", soft_wrap=True)

    def training(self, step: int, steps: int, values: Mapping[str, float]) -> None:
        """Move the bar; the newest measurements stand beside it."""
        if self._quiet:
            return
        if self._bar is None:
            # The step limit is a limit, not a goal: training ends when a certificate holds.
            self._bar = Progress(
                TextColumn("  step {task.completed:,.0f}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[values]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("training", total=steps, values="")
        shown = "  ".join(f"{name} {value:.3g}" for name, value in values.items())
        self._bar.update(self._task, completed=step, total=steps, values=shown)
