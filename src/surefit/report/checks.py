"""A table of checks: what was found, how it must stand to what bound, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from surefit.core.check import Check, Sense
from surefit.report.marks import evidence, mark, unstated
from surefit.report.markup import Html, element, table
from surefit.report.numbers import figure, number, pair
from surefit.report.symbols import symbols

__all__ = ["check_table"]

SIGNS = {Sense.AT_MOST: "≤", Sense.LESS: "<", Sense.AT_LEAST: "≥", Sense.GREATER: ">"}


def _is_flag(check: Check) -> bool:
    """Whether the check is of a property that is there or not, rather than of a number."""
    return check.bound == 1.0 and check.sense is Sense.AT_LEAST and check.value in (0.0, 1.0)


def _comparison(check: Check) -> list[Html]:
    """Three cells: what was found, how it must stand, and to what."""
    if _is_flag(check):
        return [
            element("span", "yes" if check.value else "no"),
            element("span", "must be", class_="quiet"),
            element("span", "yes"),
        ]
    if math.isnan(check.value) and math.isnan(check.bound):
        open_end = element("span", unstated(check.unstated))
        return [element("span", "not known", class_="quiet"), Html(""), open_end]
    value, bound = pair(check.value, check.bound)
    error = f" ± {number(check.error, 2)}" if check.error else ""
    return [
        element("span", figure(check.value, value + error)),
        element("span", SIGNS[check.sense]),
        element("span", figure(check.bound, bound), " ", unstated(check.unstated)),
    ]


def _row(check: Check, words: tuple[str, str, str], remarks: bool) -> list[Any]:
    return [
        symbols(check.name),
        mark(check.holds, words),
        *_comparison(check),
        evidence(check.evidence),
        *([element("span", symbols(check.note), class_="remark")] if remarks else []),
    ]


def check_table(
    caption: str,
    checks: Sequence[Check],
    columns: tuple[str, str, str] = ("what", "found", "bound"),
    words: tuple[str, str, str] = ("holds", "fails", "cannot say"),
) -> Html:
    """The checks, one per row.

    Args:
        caption: what the table shows.
        checks: the rows.
        columns: what to call the name, the value and the bound.
        words: the words for True, False and None.
    """
    name, value, bound = columns
    remarks = any(check.note for check in checks)
    sense = element("span", "must be", class_="hidden")
    headings = [name, "verdict", value, sense, bound, "evidence", *(["remark"] if remarks else [])]
    rows = [_row(check, words, remarks) for check in checks]
    return table(caption, headings, rows, class_="checks")
