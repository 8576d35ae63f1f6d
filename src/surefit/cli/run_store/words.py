"""Values of the tidy table as a terminal shows them."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

__all__ = ["STATE_COLOURS", "plain_table", "print_fitting", "shown", "size"]

_SENTENCE = 32

STATE_COLOURS = {
    "target_reached": "green",
    "done": "green",
    "steps_done": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
    "diverged": "red",
    "failed": "red",
    "unreadable": "red",
}


def shown(value: Any) -> str:
    """One cell: numbers with four digits, yes and no, a dash where there is nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e6
        return str(int(value)) if whole else f"{value:.4g}"
    return str(value)


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    number, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000.0:
            break
        number, unit = number / 1000.0, larger
    return f"{number:.3g} {unit}"


def plain_table(title: str = "") -> Table:
    """A table without lines between its columns."""
    return Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def print_fitting(console: Console, columns: list[tuple[str, str, list[str]]]) -> list[str]:
    """Print a table; what does not fit beside the rest is left out, from the right.

    Sentences are broken into lines. Where the output is no terminal everything is printed, as wide
    as it is.

    Args:
        console: where to.
        columns: (name, `left` or `right`, cells), the most important ones first.

    Returns:
        The names of the columns that were left out.
    """
    width = console.width if console.is_terminal else 100_000
    for count in range(len(columns), 0, -1):
        table = plain_table()
        for name, side, _ in columns[:count]:
            table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
        for cells in zip(*(cells for _, _, cells in columns[:count]), strict=True):
            table.add_row(*cells)
        needed = Measurement.get(console, console.options.update(max_width=100_000), table).maximum
        for column, (_, _, cells) in zip(table.columns, columns[:count], strict=True):
            longest = max(map(len, cells), default=0)
            if console.is_terminal and longest > _SENTENCE:
                column.no_wrap, column.min_width = False, _SENTENCE
                needed -= longest - _SENTENCE
        if needed <= width or count == 1:
            wide = console if console.is_terminal else Console(width=needed, highlight=False)
            wide.print(table)
            return [name for name, _, _ in columns[count:]]
    return []
