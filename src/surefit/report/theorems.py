"""Every theorem: whether it applies and why, and what it promised beside what was measured."""

from __future__ import annotations

import math
from typing import Any

from surefit.core.curve import Curve
from surefit.core.prediction import Prediction
from surefit.core.record import RunRecord, TheoremRecord
from surefit.report.marks import KEYS, mark, unstated
from surefit.report.markup import Html, element, join, section
from surefit.report.numbers import decade, factor, figure, number
from surefit.report.symbols import symbols
from surefit.report.theorem_details import details
from surefit.report.timelines import slug, time_axis
from surefit.report.unstated import behind_rate, behind_step_size, behind_width

__all__ = ["theorems"]

RESIDUAL = "squared_residual"
RANK = {True: 0, None: 1, False: 2}
COLUMNS = ("Theorem", "Applies", "Rate of ‖r‖²", "Largest step", "Width", "Promises kept")


def _used_width(record: RunRecord) -> float | None:
    for facts in (record.problem, record.spec):
        width = facts.get("width")
        if isinstance(width, int | float) and not isinstance(width, bool):
            return float(width)
    return None


def _two_lines(main: Any, below: Any) -> Html:
    return element("span", main, element("small", below) if below else None, class_="two")


def _slowest(prediction: Prediction) -> float | None:
    """The factor per unit of the run's clock of the promised curve's slowest term."""
    for promise in prediction.promises:
        if promise.monitor == RESIDUAL and isinstance(promise.bound, Curve):
            terms = zip(promise.bound.factors, promise.bound.weights, strict=True)
            return max((factor for factor, weight in terms if weight > 0), default=None)
    return None


def _rate(item: TheoremRecord, clock: str) -> Html:
    """The rate, which is a factor for descent and an exponent for flow, and what it means."""
    rate, slowest = item.prediction.rate, _slowest(item.prediction)
    if rate is None:
        return element("span", "none given", class_="quiet")
    if slowest is None:
        is_factor = item.prediction.step_size is not None
        slowest = rate if is_factor else None
    else:
        is_factor = math.isclose(rate, slowest, rel_tol=1e-9)
    main = figure(rate, factor(rate))
    if not is_factor:
        main = join("e", element("sup", "−", figure(rate), " t"))
    every = decade(slowest)
    below = f"factor 10 every {number(every)} {clock}" if every else None
    return _two_lines([main, " ", unstated(behind_rate(item.prediction))], below)


def _step(item: TheoremRecord, used: float) -> Html:
    prediction = item.prediction
    if prediction.step_size is None:
        return element("span", "none given", class_="quiet")
    words = unstated(behind_step_size(prediction))
    return _two_lines([figure(prediction.step_size), " ", words], f"used {number(used)}")


def _width(item: TheoremRecord, used: float | None) -> Html:
    prediction = item.prediction
    if prediction.width is None:
        return element("span", "none given", class_="quiet")
    words = unstated(behind_width(prediction))
    below = f"used {number(used)}" if used is not None else None
    return _two_lines([figure(prediction.width), " ", words], below)


def _kept(item: TheoremRecord) -> Html:
    outcome = item.outcome
    if not outcome:
        return element("span", "nothing to compare", class_="quiet")
    kept = sum(1 for check in outcome if check.holds is True)
    broken = sum(1 for check in outcome if check.holds is False)
    verdict = False if broken else (True if kept == len(outcome) else None)
    text = f"{kept} of {len(outcome)}"
    aside = None
    if item.prediction.applies is False:
        aside = "though it does not apply" if kept else "which it does not promise here"
    elif verdict is None:
        aside = f"{len(outcome) - kept} cannot be said"
    return _two_lines(mark(verdict, (text, text, text)), aside)


def _why(item: TheoremRecord) -> Html | None:
    """Which assumptions stand in the way, in a few words."""
    failing = item.prediction.failing
    if not failing:
        return None
    word = "fails" if failing[0].holds is False else "open"
    names = [check.name for check in failing if check.holds is failing[0].holds]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return symbols(f"{word}: {', '.join(names[:2])}{more}")


def _rows(item: TheoremRecord, record: RunRecord) -> Html:
    applies = item.prediction.applies
    cells = [
        _two_lines(mark(applies), _why(item)),
        _rate(item, "steps" if time_axis(record) == "step" else "units of time"),
        _step(item, record.trajectory.step_size),
        _width(item, _used_width(record)),
        _kept(item),
    ]
    labelled = [
        element("td", cell, data_label=label, role="cell")
        for label, cell in zip(COLUMNS[1:], cells, strict=True)
    ]
    name = element("th", item.title, scope="row", role="rowheader")
    more = element("td", details(item), colspan=len(COLUMNS), role="cell")
    return element(
        "tbody",
        element("tr", name, labelled, role="row"),
        element("tr", more, class_="more", role="row"),
        id=f"theorem-{slug(item.name)}",
        class_=f"theorem {KEYS[applies]}",
        role="rowgroup",
    )


def _summary(items: list[TheoremRecord]) -> str:
    count = {key: sum(1 for i in items if i.prediction.applies is key) for key in RANK}
    if len(items) == 1:
        words = {True: "It applies", False: "It does not apply", None: "It cannot be said to apply"}
        return f"One theorem was asked. {words[items[0].prediction.applies]} to this problem."
    text = (
        f"Of {len(items)} theorems, {count[True] or 'none'} "
        f"{'apply' if count[True] > 1 else 'applies'} to this problem, {count[False] or 'none'} "
        f"{'do' if count[False] > 1 else 'does'} not, and for {count[None] or 'none'} it cannot be "
        "said."
    )
    if not count[True]:
        text += (
            " That is the usual case at practical widths: their conditions are sufficient, and far "
            "from necessary. What they would promise is shown for comparison."
        )
    return text


def _broken(items: list[TheoremRecord]) -> Html | None:
    """An alarm: a theorem that applies has promised what did not happen."""
    bad = [
        item.title
        for item in items
        if item.prediction.applies and any(check.holds is False for check in item.outcome)
    ]
    if not bad:
        return None
    return element(
        "p",
        f"A promise of a theorem that applies was broken: {'; '.join(bad)}. Either the run is one "
        "of the rare ones that the theorem's probability leaves out, or an assumption, a promise "
        "or a measurement is computed wrongly. It is worth a closer look.",
        class_="alert",
    )


def theorems(record: RunRecord) -> Html:
    """The section with the theorem table."""
    items = sorted(record.theorems, key=lambda item: RANK[item.prediction.applies])
    if not items:
        return section("theorems", "What the theorems say", element("p", "No theorem was asked."))
    head = element(
        "thead",
        element(
            "tr",
            [element("th", column, scope="col", role="columnheader") for column in COLUMNS],
            role="row",
        ),
        role="rowgroup",
    )
    caption = "Theorems, those that apply first; open a row for its assumptions and promises"
    return section(
        "theorems",
        "What the theorems say",
        element("p", _summary(items)),
        _broken(items),
        element(
            "table",
            element("caption", caption),
            head,
            [_rows(item, record) for item in items],
            class_="theorems",
            role="table",
        ),
    )
