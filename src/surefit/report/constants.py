"""The constants that a source leaves open: the values used, and what the run makes of them."""

from __future__ import annotations

from typing import Any

from surefit.core.fitted import MARK, FittedConstant
from surefit.core.record import TheoremRecord
from surefit.report.looks import LOOKS, look
from surefit.report.markup import Html, element, table
from surefit.report.numbers import figure
from surefit.report.symbols import symbols

__all__ = ["constants_table"]

COLUMNS = (
    "constant",
    "value used here",
    "measured over promised",
    f"fitted to this run ({MARK})",
)


def _row(name: str, used: float, fitted: FittedConstant | None) -> list[Any]:
    if fitted is None:
        # It decides whether the theorem applies, or nothing that it bounds was measured.
        return [symbols(name), figure(used), "–", "–"]
    axis = look(fitted.monitor).axis if fitted.monitor in LOOKS else fitted.monitor
    sense = "at least" if fitted.at_least else "at most"
    return [
        symbols(name),
        figure(used),
        element("span", figure(fitted.ratio), element("small", symbols(axis)), class_="two"),
        element(
            "span",
            element("span", sense, " ", figure(fitted.fitted)),
            element("small", symbols(fitted.note)),
            class_="two",
        ),
    ]


def constants_table(item: TheoremRecord) -> Html | None:
    """The unstated constants of a theorem, with the values that its run asks for; None without."""
    constants = item.prediction.unstated
    if not constants:
        return None
    known = {constant.name: constant for constant in item.fitted}
    rows = [_row(name, used, known.get(name)) for name, used in constants.items()]
    parts = [
        element("strong", "Unstated constants. "),
        "The source hides these in an O(·) or never gives them. They were set to the values "
        "below; every number marked “unstated” stands or falls with them.",
    ]
    if not known:
        short = [row[:2] for row in rows]
        body = table("Unstated constants", COLUMNS[:2], short)
    else:
        parts.append(
            " The last column is what this run asks for: the value with which the promise is just "
            "kept at every time that was measured. It is read off the run, is not the theorem’s, "
            "and may differ on other data."
        )
        body = table("Unstated constants", COLUMNS, rows)
    return element("div", element("p", parts), body)
