"""Verdicts and evidence as marks: a shape, a word and a colour, so that none is needed alone."""

from __future__ import annotations

from collections.abc import Iterable

from surefit.core.check import Evidence
from surefit.report.markup import Html, element
from surefit.report.symbols import symbols

__all__ = ["MEANING", "evidence", "mark", "unstated"]

KEYS = {True: "yes", False: "no", None: "unsure"}

# Paths in a box of 20 by 20: a tick, a cross, a question mark.
SHAPES = {
    True: '<path d="M5 10.5l3.5 3.5L15 6.5"/>',
    False: '<path d="M6 6l8 8M14 6l-8 8"/>',
    None: '<path d="M7.2 7.6a2.8 2.8 0 1 1 4.2 2.5c-.9.5-1.4 1-1.4 2M10 14.6v.2"/>',
}

MEANING = {
    Evidence.PROVED: "follows from the definitions; nothing was computed that could be wrong",
    Evidence.INTERVAL: "computed with intervals that are certain to hold the true value",
    Evidence.FLOAT: "computed in 64-bit floats; the rounding error is estimated, not enclosed",
    Evidence.SAMPLED: "seen at the points that were tried; other points may differ",
    Evidence.ASSUMED: "taken as given; nothing was checked",
}


def icon(verdict: bool | None) -> Html:
    """The shape of a verdict; silent for screen readers, since the word stands beside it."""
    return Html(
        f'<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">'
        f'<circle cx="10" cy="10" r="9"/>{SHAPES[verdict]}</svg>'
    )


def mark(verdict: bool | None, words: tuple[str, str, str] = ("yes", "no", "cannot say")) -> Html:
    """A verdict with its word.

    Args:
        verdict: True, False or None.
        words: the words for True, False and None.
    """
    word = words[{True: 0, False: 1, None: 2}[verdict]]
    return element("span", icon(verdict), word, class_=f"mark {KEYS[verdict]}")


def evidence(level: Evidence) -> Html:
    """How a value was obtained, with the meaning of the word on hovering."""
    return element("span", str(level), class_="evidence", title=MEANING[level])


def unstated(constants: Iterable[str]) -> Html | None:
    """The word "unstated" with the constants that a source leaves open; None if there are none."""
    names = ", ".join(constants)
    if not names:
        return None
    return element(
        "span",
        "unstated ",
        symbols(names),
        class_="unstated",
        title="the source does not give this constant; the number stands or falls with it",
    )
