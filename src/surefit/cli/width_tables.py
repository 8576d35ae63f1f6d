"""Explicit conditions at the start, and what results ask for, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.cli.demand_table import print_demands
from surefit.core.record import RunRecord
from surefit.core.widths import FormOutcome, WidthDemand

__all__ = ["plain_table", "print_widths", "width_table"]

_WORD = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]cannot say[/]"}


def print_widths(console: Console, record: RunRecord) -> None:
    """Print the tables, as far as the run has them."""
    if record.forms:
        console.print(_form_table(record.forms))
    if record.widths:
        console.print(width_table(record.widths, float(record.problem["width"])))
    if record.demands is not None:
        print_demands(console, record.demands)


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "inf" if math.isinf(value) else f"{value:.3g}"


def plain_table(title: str, caption: str, *columns: str) -> Table:
    """An empty table with its caption below."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        # A name that is cut in two cannot be copied.
        table.add_column(column, overflow="fold", justify="left", no_wrap=column == columns[0])
    table.caption, table.caption_justify = caption, "left"
    return table


def _form_table(forms: Sequence[FormOutcome]) -> Table:
    table = plain_table(
        "Explicit conditions at the start",
        "ratio: h(w_0) over what is allowed, at most 1 where it holds; width: of a typical draw.",
        "theorem", "holds", "h(w_0)", "allowed", "ratio", "holds from width",
    )  # fmt: skip
    for form in forms:
        table.add_row(
            form.name,
            _WORD[form.holds],
            _number(form.initial),
            _number(form.threshold),
            _number(form.excess),
            _number(form.width),
        )
    return table


def width_table(demands: Sequence[WidthDemand], width: float) -> Table:
    """What every result asks for, beside the width at hand."""
    table = plain_table(
        "Width that each result asks for",
        "on this data; * has a hidden constant, set to 1 (the report has formulas and sources).",
        "result", f"width (here {width:g})", "enough", "as listed",
    )  # fmt: skip
    for demand in demands:
        star = "*" if demand.unstated and demand.width is not None else ""
        counts = " (d_0 d_1)" if demand.counts == "parameters" else ""
        table.add_row(
            demand.result,
            _number(demand.width) + star,
            _WORD[demand.holds],
            escape(demand.scaling + counts),
        )
    return table
