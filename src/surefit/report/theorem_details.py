"""What unfolds below a theorem's row: its setting, its assumptions, its promises."""

from __future__ import annotations

from typing import Any

from surefit.core.check import Check
from surefit.core.prediction import Promise
from surefit.core.record import TheoremRecord
from surefit.report.checks import check_table
from surefit.report.constants import constants_table
from surefit.report.looks import LOOKS, look
from surefit.report.marks import unstated
from surefit.report.markup import Html, element, table
from surefit.report.numbers import figure
from surefit.report.symbols import symbols
from surefit.report.unstated import behind_radius

__all__ = ["details", "safe_link"]

HOW_COMPARED = (
    "Found, for an upper bound: the largest share of the promise that was measured in the run; for "
    "a lower bound the smallest; for a prediction the largest deviation from it."
)


def safe_link(url: str, text: str) -> Html:
    """A link for a reader to follow; anything but a web address stays text."""
    if not url.startswith(("https://", "http://")):
        return element("span", text)
    return element("a", text, href=url, rel="noopener noreferrer external")


def _count(checks: tuple[Check, ...]) -> str:
    held = sum(1 for check in checks if check.holds is True)
    return f"{held} of {len(checks)} assumptions hold"


def _promise_row(promise: Promise) -> list[Any]:
    bound: Any = "a curve, see the plot"
    if isinstance(promise.bound, float | int):
        bound = figure(promise.bound)
    name = look(promise.monitor).axis if promise.monitor in LOOKS else promise.monitor
    sense = {"upper": "at most", "lower": "at least", "tight": "equal, up to a tolerance"}
    return [
        symbols(name),
        sense[promise.guarantee],
        element("span", bound, " ", unstated(promise.unstated)),
        figure(promise.tolerance) if promise.tolerance else "none",
        promise.source or "–",
    ]


def _promises(item: TheoremRecord) -> Html | None:
    prediction = item.prediction
    parts: list[Any] = []
    if prediction.promises:
        parts.append(
            table(
                f"What {item.title} promises",
                ["quantity", "is", "bound", "allowance", "where it says so"],
                map(_promise_row, prediction.promises),
            )
        )
    if item.outcome:
        parts.append(
            check_table(
                f"Promised and measured: {item.title}",
                item.outcome,
                ("promise", "found", "bound"),
                ("kept", "broken", "cannot say")
                if prediction.applies
                else ("met", "not met", "cannot say"),
            )
        )
    if not parts:
        return element("p", "It promises nothing that was measured in this run.", class_="note")
    if item.outcome:
        parts.append(element("p", HOW_COMPARED, class_="note"))
    return element("div", parts)


def details(item: TheoremRecord) -> Html:
    """The unfolding part of a theorem's row."""
    prediction = item.prediction
    promises = len(prediction.promises)
    label = f"{_count(prediction.assumptions)}, {promises} promise{'' if promises == 1 else 's'}"
    radius, constants = prediction.radius, behind_radius(prediction)
    return element(
        "details",
        element(
            "summary",
            label,
            element("span", f" of {item.title}", class_="hidden"),
        ),
        element(
            "div",
            element(
                "p",
                item.setting,
                " ",
                safe_link(item.url, "Read the source.") if item.url else None,
            ),
            element("p", symbols(prediction.note), class_="note") if prediction.note else None,
            check_table(
                f"Assumptions of {item.title}",
                prediction.assumptions,
                ("assumption", "value", "bound"),
            )
            if prediction.assumptions
            else element("p", "It asks for nothing.", class_="note"),
            element(
                "p",
                "It bounds the distance that the parameters travel by ",
                figure(radius),
                [" ", unstated(constants)] if constants else None,
                ".",
            )
            if radius is not None
            else None,
            _promises(item),
            constants_table(item),
            class_="unfolded",
        ),
    )
