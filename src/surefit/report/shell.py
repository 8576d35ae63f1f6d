"""The shell of a page: one HTML document with style, script and plotting library inside."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import importlib.resources
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surefit.core.surface import Surface
from surefit.errors import StorageError
from surefit.report.gallery import plot_data
from surefit.report.markup import Html, element, heading, join
from surefit.report.plot import Plot
from surefit.report.shared import LIBRARY, SCRIPT, SHARED_POLICY, STYLE, Shared

__all__ = ["document", "library", "page_header", "resource", "script", "write_document"]


def resource(name: str) -> str:
    """The text of a file that is part of the package."""
    return importlib.resources.files("surefit.report").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def library() -> str:
    """The plotting library's source; imported here because the import is slow."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def script() -> str:
    """The script of the page of a run."""
    return resource("paint.js") + resource(SCRIPT)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(*scripts: str) -> str:
    """Only these scripts run, and nothing is ever fetched: the browser itself enforces it."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _head(title: str, scripts: tuple[str, ...], shared: Shared | None) -> Html:
    policy = SHARED_POLICY if shared else _policy(*scripts)
    style = (
        element("link", rel="stylesheet", href=f"{shared.assets}/{STYLE}")
        if shared
        else Html(f"<style>\n{resource(STYLE)}</style>")
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("title", f"{title} · surefit"),
        element("link", rel="icon", href="data:,"),
        style,
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


def page_header(
    kind: str, run_id: str, date: Any, title: str, contents: Sequence[tuple[str, str]]
) -> Html:
    """The head of a page: what it is, of which run and when, the title, and the contents."""
    return element(
        "header",
        element(
            "p",
            element("strong", "surefit"),
            f" {kind}",
            element("span", f"run {run_id}", class_="break"),
            _date(date),
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


def document(
    title: str,
    header: Html,
    sections: Sequence[Any],
    plots: list[Plot],
    surfaces: Sequence[Surface] = (),
    figures: Mapping[str, Any] | None = None,
    shared: Shared | None = None,
) -> str:
    """One HTML document that needs nothing but itself.

    It fetches nothing: style, script and plotting library are inside, and its content security
    policy forbids the rest.

    Args:
        title: of the browser's window.
        header: from `page_header`.
        sections: the content.
        plots: every plot that the content shows.
        surfaces: every surface that it shows.
        figures: further figures by their id, in Plotly's schema.
        shared: of a page of a site: style, script and library are files of that site.
    """
    scripts = () if shared else (library(), script())
    body = element(
        "body",
        element("a", "Skip to the verdict", href="#verdict", class_="skip"),
        element("p", element("a", "All runs", href=shared.home), class_="home") if shared else None,
        header,
        element("main", *sections),
        element("footer", element("p", "Made by surefit from the files of the run directory.")),
        plot_data(plots, surfaces, figures),
        [element("script", src=f"{shared.assets}/{name}") for name in (LIBRARY, SCRIPT)]
        if shared
        else Html("\n".join(f"<script>{text}</script>" for text in scripts)),
    )
    whole = element("html", _head(title, scripts, shared), body, lang="en")
    return join(Html("<!DOCTYPE html>\n"), whole, Html("\n"))


def write_document(page: Path, text: str, call: str) -> Path:
    """Write a document beside the files it was made from: whoever opens it sees it whole.

    Raises:
        StorageError: it cannot be written; `call` is named in the message.
    """
    draft = page.with_name(f".{page.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(page)
    except OSError as cause:
        draft.unlink(missing_ok=True)
        raise StorageError(
            f"`{call}(directory=...)` must be given a writable run directory. Got {page.parent}: "
            f"{cause}. Copy the run to a place where you may write, and try again there."
        ) from cause
    return page
