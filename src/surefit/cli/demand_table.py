"""What results on deep networks ask of width, step and iterations, on the terminal."""

from __future__ import annotations

import math

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.core.demands import Demands

__all__ = ["print_demands"]


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "inf" if math.isinf(value) else f"{value:.2g}"


def print_demands(console: Console, demands: Demands) -> None:
    """Print what every result asks for, with how many times that is of what was enough."""
    source = "this run" if demands.measured else "predicted by the kernel at the start"
    table = Table(
        title=f"To reach the loss {demands.target_loss:.2g}: what each result asks for",
        title_justify="left",
        caption=f"x: times what was enough ({source}); hidden constants are set to 1.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in ("result", "width", "x", "step", "x", "iterations", "x"):
        # A name that is cut in two cannot be copied.
        table.add_column(column, no_wrap=column == "result", overflow="fold")
    enough = (demands.width, demands.step, demands.iterations)
    table.add_row("(enough)", *(cell for size in enough for cell in (_number(size), "")))
    for row in demands.rows:
        sizes = {"width": row.width, "step": row.step, "iterations": row.iterations}
        cells = [
            cell for key, size in sizes.items() for cell in (_number(size), _number(row.gaps[key]))
        ]
        table.add_row(row.result, *cells)
    console.print(table)
    for row in demands.rows:
        if len(row.conditions) > 1:
            console.print(f"  [bold]{row.result}[/]: width from {escape(row.binding)}")
    console.print()
