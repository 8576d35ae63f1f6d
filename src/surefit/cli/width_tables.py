"""Explicit conditions at the start, and the widths that results ask for, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.core.record import RunRecord
from surefit.core.widths import FormOutcome, WidthDemand

__all__ = ["print_widths"]

_WORD = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]cannot say[/]"}


def print_widths(console: Console, record: RunRecord) -> None:
    """Print both tables, as far as the run has them."""
    if record.forms:
        console.print(_form_table(record.forms))
    if record.widths:
        console.print(_width_table(record.widths, float(record.problem["width"])))


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "none" if math.isinf(value) else f"{value:.3g}"


def _table(title: str, caption: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="left")
    table.caption, table.caption_justify = caption, "left"
    return table


def _factor(form: FormOutcome) -> str:
    if form.excess <= 1.0:
        return "holds" if form.excess == 0.0 else f"{1.0 / form.excess:.3g} to spare"
    return f"{_number(form.excess)} too large"


def _form_table(forms: Sequence[FormOutcome]) -> Table:
    table = _table(
        "Explicit conditions at the start",
        "h(w_0) against what each condition allows; the width is that of a typical draw.",
        "theorem", "holds", "h(w_0)", "allowed", "factor", "holds from width",
    )  # fmt: skip
    for form in forms:
        table.add_row(
            form.name,
            _WORD[form.holds],
            _number(form.initial),
            _number(form.threshold),
            _factor(form),
            _number(form.width),
        )
    return table


def _width_table(demands: Sequence[WidthDemand], width: float) -> Table:
    table = _table(
        "Width that each result asks for",
        "on this data; * has a hidden constant, set to 1 (the report has formulas and sources).",
        "result", f"width (here {width:g})", "enough", "as listed",
    )  # fmt: skip
    for demand in demands:
        star = "*" if demand.unstated and demand.width is not None else ""
        counts = " parameters" if demand.counts == "parameters" else ""
        table.add_row(
            demand.result,
            _number(demand.width) + star,
            _WORD[demand.holds],
            escape(demand.scaling + counts),
        )
    return table
