"""The first page of a site: what the store holds, its figures, its table, its failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surefit.report.figures.boundaries import SUCCESS
from surefit.report.figures.store import StoreView
from surefit.report.markup import Html, element, heading, join, section
from surefit.report.numbers import number
from surefit.report.shared import LIBRARY, SHARED_POLICY, STYLE
from surefit.report.site.embedded import data_block
from surefit.report.site.overview import about, failed_cells, runs_without_page, store_tiles

__all__ = ["SITE_SCRIPT", "SITE_STYLE", "index_page"]

SITE_SCRIPT, SITE_STYLE = "site.js", "site.css"
_CONTENTS = (
    ("figures", "Success"),
    ("runs", "Runs"),
    ("laws", "Laws"),
    ("curves", "Curves and spectra"),
    ("failed", "Failed cells"),
    ("unread", "Runs without a page"),
    ("about", "About"),
)


def _head(title: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{SHARED_POLICY}">'),
        element("title", f"{title} · surefit"),
        element("link", rel="icon", href="data:,"),
        [element("link", rel="stylesheet", href=f"assets/{name}") for name in (STYLE, SITE_STYLE)],
        # Run in this order behind the page: the table needs no plotting library.
        [element("script", src=f"assets/{name}", defer=True) for name in (SITE_SCRIPT, LIBRARY)],
    )


def _header(store: StoreView, title: str, contents: Sequence[tuple[str, str]]) -> Html:
    newest = max((str(row["created"]) for row in store.rows if row.get("created")), default="")
    return element(
        "header",
        element(
            "p",
            element("strong", "surefit"),
            f" report of the store {store.root.resolve().name}",
            element("span", f"newest run {newest[:16].replace('T', ' ')}") if newest else None,
            class_="brand",
        ),
        heading(1, title),
        element(
            "nav",
            element(
                "ul",
                [element("li", element("a", text, href=f"#{ident}")) for ident, text in contents],
            ),
            aria_label="Contents",
        ),
        class_="top",
    )


def _title(store: StoreView) -> str:
    """How many runs there are, and of what."""
    runs = len(store.rows) - len(store.failures)
    count = f"{number(runs)} run{'' if runs == 1 else 's'}"
    if len(store.families) == 1:
        return f"{count}: {store.families[0].label}"
    return f"{count} in {number(len(store.families))} groups" if store.families else "No run yet"


def _select(ident: str, label: str, options: Sequence[tuple[str, str]]) -> Html:
    return element(
        "label",
        element("span", label),
        element("select", [element("option", text, value=key) for key, text in options], id=ident),
        class_="choice",
    )


def _choices(store: StoreView, successes: Sequence[str]) -> Html:
    """Which family of runs the figures are about, and what counts as success."""
    many = [
        (str(family.ident), f"{family.label} ({len(family.rows)})") for family in store.families
    ]
    radios = [
        element(
            "label",
            element("input", type="radio", name="success", value=key, checked=index == 0),
            element("span", f"{key}: {SUCCESS[key]}"),
        )
        for index, key in enumerate(successes)
    ]
    return element(
        "div",
        _select("family", "Runs", many) if len(many) > 1 else None,
        element("fieldset", element("legend", "Success is"), radios, class_="switch", id="success")
        if radios
        else None,
        class_="choices",
    )


def _noscript() -> Html:
    words = (
        "The figures and the table need JavaScript. The table is also in the file ",
        element("a", "runs.csv", href="runs.csv"),
        ", and the figures come as PDF and SVG from ",
        element("code", "surefit report STORE --figures DIR"),
        ".",
    )
    return element("noscript", element("p", *words, class_="note"))


def index_page(
    store: StoreView,
    table_data: Any,
    figures: Any,
    successes: Sequence[str],
    overlays: bool,
    unread: Mapping[str, str],
) -> str:
    """The page with all runs as one HTML document; scripts and styles are files beside it.

    Args:
        store: the runs.
        table_data: from `table_json`.
        figures: the first family of runs, as the page's script wants it.
        successes: what can count as success in any family.
        overlays: whether any family has curves or spectra.
        unread: run id -> why it has no page.
    """
    title = _title(store)
    absent = {
        *(() if store.failures else ("failed",)),
        *(() if overlays else ("curves",)),
        *(() if unread else ("unread",)),
    }
    header = _header(store, title, [item for item in _CONTENTS if item[0] not in absent])
    sections = [
        store_tiles(store),
        section(
            "figures",
            "Success",
            _choices(store, successes),
            _noscript(),
            element("div", id="remarks"),
            element("div", id="charts", class_="grid"),
        ),
        section("runs", "Runs", element("div", id="table")),
        section("laws", "Laws", element("div", id="law-charts", class_="grid")),
        section("curves", "Curves and spectra", element("div", id="overlays"))
        if overlays
        else None,
        failed_cells(store),
        runs_without_page(unread),
        about(),
    ]
    body = element(
        "body",
        element("a", "Skip to the runs", href="#runs", class_="skip"),
        header,
        element("main", *sections),
        element("footer", element("p", "Made by surefit from the runs of the store.")),
        data_block("table-data", table_data),
        data_block("figure-data", figures),
    )
    whole = element("html", _head(title), body, lang="en")
    return join(Html("<!DOCTYPE html>\n"), whole, Html("\n"))
