"""Unstated constants of theorems beside the values that the run asks for, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from surefit.core.fitted import MARK
from surefit.core.record import TheoremRecord

__all__ = ["print_fitted"]


def _number(value: float) -> str:
    return "inf" if math.isinf(value) else f"{value:.3g}"


def print_fitted(console: Console, theorems: Sequence[TheoremRecord]) -> None:
    """Print one row per constant that the run could be fitted with; nothing if there is none."""
    if not any(theorem.fitted for theorem in theorems):
        return
    table = Table(
        title="Unstated constants, held against this run",
        title_justify="left",
        caption=f"ratio: measured over promised with the constant used; fitted: {MARK}.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in ("theorem", "constant", "used", "ratio", "fitted"):
        # A name that is cut in two cannot be copied.
        table.add_column(column, no_wrap=column in ("theorem", "constant"), overflow="fold")
    for theorem in theorems:
        for place, constant in enumerate(theorem.fitted):
            table.add_row(
                "" if place else theorem.name,
                constant.name,
                _number(constant.used),
                _number(constant.ratio),
                f"{'>=' if constant.at_least else '<='} {_number(constant.fitted)}",
            )
    console.print(table)
