"""The figures of a store as files for a paper, with their captions."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from surefit.errors import InvalidInputError, StorageError
from surefit.report.figures.chart import Chart, Numbers
from surefit.report.figures.collection import general_charts, overlay_charts, success_charts
from surefit.report.figures.store import StoreView, traces_of, view
from surefit.report.numbers import number
from surefit.report.paper.draw import draw
from surefit.report.paper.looks import SETTINGS, SIZES

__all__ = ["CAPTIONS", "FORMATS", "write_figures"]

FORMATS = ("pdf", "svg", "png")
CAPTIONS = "captions.txt"
_MOST_FAMILIES = 12
# Without a date, and without what changes between machines.
_METADATA = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}


def write_figures(
    store: Path, to: Path, formats: Sequence[str] = ("pdf", "svg")
) -> tuple[Path, ...]:
    """Write every figure of a store as files for a paper.

    Each figure comes in two sizes: `NAME.pdf` is 3.3 inches wide, for one column, and
    `NAME-wide.pdf` 6.9 inches. `captions.txt` says what each one shows, with the numbers. The same
    runs give the same files, byte for byte, with the same version of Matplotlib.

    Args:
        store: a directory that holds runs.
        to: the directory for the files; it is made, and other files in it stay.
        formats: some of `FORMATS`.

    Returns:
        The files, the captions last.

    Raises:
        InvalidInputError: there is no run, no figure, or a format is unknown.
        StorageError: a file cannot be written.

    Cost: some tenths of a second per file.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InvalidInputError(
            f"`write_figures(formats=...)` must be some of {', '.join(FORMATS)}. Got "
            f"{', '.join(unknown) or 'none'}. Papers take pdf, web pages svg. Write `pdf svg`."
        )
    seen = view(Path(store))
    charts = dict(_charts(seen))
    if not charts:
        raise InvalidInputError(
            f"`write_figures(store=...)` must hold runs that can be compared. Got {store}, whose "
            "runs have no curve, no width and no spectrum. Experiments have figures on their own "
            "pages: `surefit report RUN`."
        )
    to = Path(to)
    written = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, (_, chart) in charts.items():
            written += _files(chart, to, name, formats)
        text = "\n\n".join(_caption(name, *item) for name, item in charts.items())
        written.append(to / CAPTIONS)
        (to / CAPTIONS).write_text(f"{text}\n", encoding="utf-8")
    except OSError as cause:
        raise StorageError(
            f"`write_figures(to=...)` must be a directory that can be written. Got {to}: "
            f"{cause.strerror or cause}. Make room there, or name another directory."
        ) from cause
    return tuple(written)


def _charts(store: StoreView) -> Iterator[tuple[str, tuple[str, Chart]]]:
    """Name of a file -> the family's label, the chart."""
    traces = traces_of(store)
    several = len(store.families) > 1
    for family in store.families[:_MOST_FAMILIES]:
        prefix = f"group{family.ident + 1}-" if several else ""
        label = family.whole
        for charts in success_charts(family, traces).values():
            for chart in charts:
                yield f"{prefix}{chart.ident}", (label, chart)
        for chart in general_charts(family, traces):
            yield f"{prefix}{chart.ident}", (label, chart)
        for samples, charts in overlay_charts(family, traces).items():
            size = re.sub(r"\W", "", samples)
            for chart in charts:
                yield f"{prefix}{chart.ident}-n{size}", (label, chart)


def _files(chart: Chart, to: Path, name: str, formats: Sequence[str]) -> list[Path]:
    import matplotlib

    written = []
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the captions have it in full.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        for size in SIZES:
            figure = draw(chart, size)
            for form in formats:
                path = to / f"{name}{size}.{form}"
                draft = to / f".{path.name}.{os.getpid()}"
                try:
                    figure.savefig(draft, format=form, metadata=_METADATA[form], dpi=300)
                    draft.replace(path)
                finally:
                    draft.unlink(missing_ok=True)
                written.append(path)
    return written


def _table(numbers: Numbers) -> str:
    rows = [numbers.columns, *(map(_cell, row) for row in numbers.rows)]
    return "\n".join([f"  {numbers.caption}:", *("    " + " | ".join(row) for row in rows)])


def _cell(item: object) -> str:
    return number(item) if isinstance(item, int | float) else str(item)


def _caption(name: str, label: str, chart: Chart) -> str:
    words = [f"{chart.title}. {chart.about}", f"Runs: {label}.", *chart.notes]
    return "\n".join([f"{name}: {' '.join(words)}", *map(_table, chart.tables)])
