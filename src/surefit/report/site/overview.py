"""What the first page of a site says in words and numbers: its size, its failures, its methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surefit.report.figures.store import StoreView
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import figure, number

__all__ = ["about", "failed_cells", "runs_without_page", "store_tiles"]

_MOST_FAILURES = 200
_MESSAGE = 600


def _range(store: StoreView, name: str) -> str | None:
    values = sorted({row[name] for row in store.rows if row.get(name) is not None})
    if not values:
        return None
    low, high = number(values[0]), number(values[-1])
    return low if low == high else f"{low} to {high}"


def store_tiles(store: StoreView) -> Html:
    """The size of the store, and how its runs ended."""
    runs = [row for row in store.rows if row not in store.failures]
    trained = [row for row in runs if row.get("converged") is not None]
    tiles: list[tuple[str, Any]] = [("finished runs", figure(len(runs)))]
    for success, label in (("converged", "converged"), ("proved", "proved")):
        if trained:
            hits = sum(1 for row in trained if row.get(success))
            tiles.append((label, f"{number(hits)} of {number(len(trained))}"))
    if store.failures:
        tiles.append(("failed cells", figure(len(store.failures))))
    for name, label in (("width", "widths m"), ("samples", "samples n")):
        shown = _range(store, name)
        if shown is not None:
            tiles.append((label, shown))
    return element(
        "dl",
        [element("div", element("dt", label), element("dd", shown)) for label, shown in tiles],
        class_="tiles",
    )


def failed_cells(store: StoreView) -> Html | None:
    """The section about cells that ended with an error; None where there are none."""
    if not store.failures:
        return None
    rows = [
        [
            element("span", str(row["run_id"]), class_="break"),
            row.get("error") or row["status"],
            element("span", str(row.get("message") or "")[:_MESSAGE], class_="break"),
            number(row.get("attempts")),
        ]
        for row in store.failures[:_MOST_FAILURES]
    ]
    left = len(store.failures) - len(rows)
    return section(
        "failed",
        "Failed cells",
        element(
            "p",
            "Cells that ended with an error count neither as success nor as failure to converge. "
            "The same sweep runs them again on request.",
        ),
        element("p", f"{left} more are in the table of runs.", class_="note") if left else None,
        table("Failed cells and why", ["run", "error", "message", "attempts"], rows),
    )


def runs_without_page(unread: Mapping[str, str]) -> Html | None:
    """The section about finished runs that cannot be read whole; None where there are none."""
    if not unread:
        return None
    rows = [
        [element("span", run_id, class_="break"), element("span", why[:_MESSAGE], class_="break")]
        for run_id, why in list(unread.items())[:_MOST_FAILURES]
    ]
    return section(
        "unread",
        "Runs without a page",
        element(
            "p",
            f"Files of {number(len(unread))} finished run{'' if len(unread) == 1 else 's'} are "
            "missing or damaged. What the table shows of them could be read; they have no page, "
            "and no part in curves, spectra and what theorems ask for.",
        ),
        table("Runs without a page and why", ["run", "message"], rows),
    )


def about() -> Html:
    """The section about the statistics, and about the folder itself."""
    return section(
        "about",
        "About these figures",
        element(
            "p",
            "A probability of success is a share of runs; its interval is that of Wilson. The "
            "width that is enough comes from a logistic curve in the logarithm of the width, its "
            "interval from the profile likelihood; nothing is extrapolated. Power laws are least "
            "squares between logarithms. All intervals are of 95 %.",
        ),
        element(
            "p",
            "This folder needs no network: open it from the disk, or copy it whole. All numbers "
            "of the table are in ",
            element("a", "runs.csv", href="runs.csv"),
            ". For a paper, ",
            element("code", "surefit report STORE --figures DIR"),
            " draws the same figures as PDF and SVG.",
        ),
    )
