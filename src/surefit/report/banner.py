"""The verdict of a page: a shape, a word and a sentence."""

from __future__ import annotations

from surefit.report.marks import KEYS, icon
from surefit.report.markup import Html, element

__all__ = ["verdict_banner"]


def verdict_banner(holds: bool | None, word: str, sentence: str, *more: Html) -> Html:
    """The section with the id `verdict`.

    Args:
        holds: the verdict.
        word: for it.
        sentence: all of it.
        *more: what stands below.
    """
    return element(
        "section",
        element(
            "h2",
            icon(holds),
            element("span", "Verdict: ", class_="hidden"),
            word,
            id="verdict-title",
        ),
        element("p", sentence, class_="sentence"),
        *more,
        id="verdict",
        class_=f"banner {KEYS[holds]}",
        aria_labelledby="verdict-title",
    )
