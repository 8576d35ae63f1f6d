"""Explicit conditions at the start and the widths that results ask for: two tables."""

from __future__ import annotations

from typing import Any

from surefit.core.record import RunRecord
from surefit.core.widths import FormOutcome, WidthDemand
from surefit.report.demands import demand_tables
from surefit.report.marks import mark, unstated
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import figure, number
from surefit.report.symbols import symbols

__all__ = ["has_widths", "widths"]

FORM_COLUMNS = (
    "theorem",
    "holds at this start",
    "h(w₀) may be at most",
    "h(w₀) is",
    "factor to the condition",
    "would hold from width",
)
WIDTH_COLUMNS = (
    "result",
    "width asked for",
    "this network is wide enough",
    "times what is proved to suffice",
    "about",
    "as listed",
)


def has_widths(record: RunRecord) -> bool:
    """Whether there is anything to show."""
    return bool(record.forms or record.widths or record.demands)


def _method(name: str) -> str:
    return name.replace("_", " ")


def _factor(form: FormOutcome) -> Html:
    words = "to spare" if form.excess <= 1.0 else "times too large"
    size = form.excess if form.excess > 1.0 or form.excess == 0.0 else 1.0 / form.excess
    return element("span", figure(size), f" {words}")


def _others(form: FormOutcome) -> Html | None:
    more = [name for name in form.failing if name != form.condition]
    return element("small", symbols(f"also fails: {', '.join(more)}")) if more else None


def _form_row(form: FormOutcome) -> list[Any]:
    return [
        element("span", form.title, element("small", f" ({_method(form.dynamics)})")),
        element("span", mark(form.holds), _others(form), class_="two"),
        element(
            "span", figure(form.threshold), element("small", symbols(form.condition)), class_="two"
        ),
        figure(form.initial),
        _factor(form),
        figure(form.width),
    ]


def _forms(record: RunRecord) -> Html | None:
    if not record.forms:
        return None
    held = [form for form in record.forms if form.holds]
    count = f"{len(held) or 'None'} of the {len(record.forms)} explicit conditions"
    return element(
        "div",
        element(
            "p",
            f"{count} on the start {'hold' if len(held) > 1 else 'holds'}. They are about the "
            "weights at the start alone, with no hidden constant; a theorem also asks for its "
            "dynamics and step, which the table of theorems has. The width is that from which on a "
            "typical draw of the same start satisfies the condition (sampled: extrapolated from "
            "the limit of the feature kernel).",
        ),
        table("Explicit conditions at the start", FORM_COLUMNS, map(_form_row, record.forms)),
    )


def _width_row(demand: WidthDemand) -> list[Any]:
    asked: Any = element("span", "no value here", class_="quiet")
    if demand.width is not None:
        asked = element("span", figure(demand.width), " ", unstated(demand.unstated))
    counts = " parameters" if demand.counts == "parameters" else ""
    return [
        element("span", demand.result, element("small", symbols(demand.note)), class_="two"),
        element("span", asked, element("small", symbols(demand.binding)), class_="two"),
        mark(demand.holds),
        number(demand.gap) if demand.gap is not None else "–",
        f"{demand.network}; {_method(demand.dynamics)}; {demand.provenance}",
        symbols(demand.scaling + counts) if demand.scaling != "explicit" else "explicit",
    ]


def _widths(record: RunRecord) -> Html | None:
    if not record.widths:
        return None
    return element(
        "div",
        element(
            "p",
            "The formulas behind the table of Song et al. (2021), evaluated on the data of this "
            "run: spectra and separations where a result names them, the constant 1 where it hides "
            "one. A row with an unstated constant decides nothing.",
        ),
        table("The width that each result asks for", WIDTH_COLUMNS, map(_width_row, record.widths)),
    )


def widths(record: RunRecord) -> Html | None:
    """The section about explicit conditions and widths; None where there are none."""
    if not has_widths(record):
        return None
    return section(
        "widths",
        "How wide it would have to be",
        element(
            "div",
            _forms(record),
            _widths(record),
            demand_tables(record.demands),
            class_="stack",
        ),
    )
