"""The page: its sections in order, with style, script and plotting library inside the one file."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import importlib.resources
import os
from pathlib import Path
from typing import Any

from surefit.core.record import RunRecord
from surefit.errors import StorageError
from surefit.report.asked import asked, headline
from surefit.report.certificates import certificates
from surefit.report.cite import cite
from surefit.report.gallery import gallery, plot_data, plots_of
from surefit.report.limits import limits
from surefit.report.markup import Html, element, heading, join
from surefit.report.problem import problem
from surefit.report.reproduce import reproduce
from surefit.report.theorems import theorems
from surefit.report.verdict import at_a_glance, banner

__all__ = ["FILE_NAME", "render", "write_page"]

FILE_NAME = "report.html"

CONTENTS = (
    ("asked", "Question"),
    ("verdict", "Verdict"),
    ("certificate", "Certificate"),
    ("theorems", "Theorems"),
    ("plots", "Measurements"),
    ("data", "Data"),
    ("reproduce", "Reproduce"),
    ("cite", "Cite"),
    ("limits", "Not claimed"),
)


def _resource(name: str) -> str:
    return importlib.resources.files("surefit.report").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _plotly() -> str:
    """The plotting library's source; imported here because the import is slow."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(*scripts: str) -> str:
    """Only these scripts run, and nothing is ever fetched: the browser itself enforces it."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _head(title: str, scripts: tuple[str, ...]) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(*scripts)}">'),
        element("title", f"{title} · surefit"),
        element("link", rel="icon", href="data:,"),
        Html(f"<style>\n{_resource('report.css')}</style>"),
    )


def _date(date: Any) -> Html | None:
    """The day and minute of the run; text that is no date is shown as it stands."""
    if not date:
        return None
    try:
        moment = datetime.datetime.fromisoformat(str(date))
    except ValueError:
        return element("span", str(date))
    shown = f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".strip()
    return element("span", element("time", shown, datetime=moment.isoformat()))


def _header(record: RunRecord) -> Html:
    return element(
        "header",
        element(
            "p",
            element("strong", "surefit"),
            " run report",
            element("span", f"run {record.run_id}", class_="break"),
            _date(record.environment.get("date")),
            class_="brand",
        ),
        heading(1, headline(record)),
        element(
            "nav",
            element(
                "ul",
                [element("li", element("a", text, href=f"#{ident}")) for ident, text in CONTENTS],
            ),
            aria_label="Contents",
        ),
        class_="top",
    )


def render(record: RunRecord) -> str:
    """The report of a run as one HTML document that needs nothing but itself.

    Args:
        record: the run.

    Returns:
        The document. It fetches nothing: style, script and plotting library are inside, and its
        content security policy forbids the rest.
    """
    plots = plots_of(record)
    library, script = _plotly(), _resource("report.js")
    body = element(
        "body",
        element("a", "Skip to the verdict", href="#verdict", class_="skip"),
        _header(record),
        element(
            "main",
            asked(record),
            banner(record),
            at_a_glance(record),
            certificates(record.certificates),
            theorems(record),
            gallery(plots),
            problem(record),
            reproduce(record),
            cite(record),
            limits(record),
        ),
        element("footer", element("p", "Made by surefit from the files of the run directory.")),
        plot_data(plots),
        Html(f"<script>{library}</script>\n<script>{script}</script>"),
    )
    document = element("html", _head(headline(record), (library, script)), body, lang="en")
    return join(Html("<!DOCTYPE html>\n"), document, Html("\n"))


def write_page(directory: Path) -> Path:
    """Write the report of the run in `directory` as `report.html` beside its files.

    Args:
        directory: a run directory, as `RunRecord.save` fills it.

    Returns:
        The path of the page.

    Raises:
        StorageError: the run cannot be read, or the page cannot be written.
    """
    directory = Path(directory)
    page = directory / FILE_NAME
    text = render(RunRecord.load(directory))
    # Written beside and renamed: whoever opens the page sees the old one or the new one, whole.
    draft = page.with_name(f".{FILE_NAME}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(page)
    except OSError as cause:
        draft.unlink(missing_ok=True)
        raise StorageError(
            f"`write_page(directory=...)` must be given a writable run directory. Got {directory}: "
            f"{cause}. Copy the run to a place where you may write, and try again there."
        ) from cause
    return page
