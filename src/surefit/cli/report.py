"""`surefit report`: the page of a finished run, or the site and the figures of a store."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.spread import SpreadCommand
from surefit.errors import InvalidInputError

__all__ = ["register"]

HELP = """\
Write the report of a run, or one site for all runs of a directory.

The directory of one run or experiment gets its page again, for example after an upgrade. A
directory that holds runs gets a site: their table to sort and filter, phase diagrams, scaling laws,
curves, spectra, and a page for every run. It needs no network; copy the folder whole. Pages of runs
that have not changed are kept.

Everything is made from the files of the runs; nothing is computed again.

Examples:

- `surefit report runs/digits-shallow-tanh-512-s0-3f9a1c2b7d`: one page

- `surefit report runs --open`: a site, in runs/site

- `surefit report runs --figures figures`: the same figures as PDF and SVG, for a paper

- `surefit report runs --figures figures --format png`: for slides
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    short = "Write the page of a run, or one site for all runs of a store."
    app.command("report", cls=SpreadCommand, help=HELP, short_help=short)(report)


def report(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="RUN_OR_STORE",
            help="The directory of a finished run, or one that holds runs.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the site goes. Unset: STORE/site."),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures",
            metavar="DIR",
            help="Write the figures of a store as files into this directory, and no site.",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", metavar="NAME...", help="With --figures: pdf, svg, png. Unset: pdf svg."
        ),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in your browser.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the result only.")] = False,
) -> None:
    """Write a page, a site or figures."""
    from surefit import report as pages

    if formats and figures is None:
        raise InvalidInputError(
            f"`surefit report --format` must go with `--figures DIR`. Got {' '.join(formats)} "
            "without it. A site is made of web pages. Add `--figures DIR`, or leave it out."
        )
    if not path.is_dir():
        raise InvalidInputError(
            f"`surefit report RUN_OR_STORE` must be a directory of a run, or one that holds runs. "
            f"Got {str(path)!r}, which is no directory. Everything is made from the files in it. "
            "Write the directory that `surefit certify` or `surefit sweep` named, such as `runs`."
        )
    if not pages.is_store(path):
        _only_for_stores(path, out, figures)
        page = _page(path)
    elif figures is not None:
        written = pages.write_figures(path, figures, tuple(formats or ("pdf", "svg")))
        RESULTS.print(
            f"Figures: {len(written) - 1} files in {figures}; {written[-1].name} has the captions",
            soft_wrap=True, markup=False,
        )  # fmt: skip
        return
    else:
        with _progress(quiet) as progress:
            page = pages.write_site(path, out, progress=progress)
    RESULTS.print(f"Report: {page}", soft_wrap=True, markup=False)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def _page(run: Path) -> Path:
    """The page of a single run, whatever kind it is."""
    from surefit import report as pages

    # A kernel run has curves as well, and is asked for first.
    if pages.is_kernel(run):
        return pages.write_kernel(run)
    return pages.write_experiment(run) if pages.is_experiment(run) else pages.write_page(run)


def _only_for_stores(run: Path, out: Path | None, figures: Path | None) -> None:
    for option, value in (("--out", out), ("--figures", figures)):
        if value is not None:
            raise InvalidInputError(
                f"`surefit report {option}` must be given a directory that holds runs. Got {run}, "
                "which is a single run. Its page is one file, report.html beside its files. Name "
                f"the directory above, or leave {option} out."
            )


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar over the runs, on stderr; none where nobody looks."""
    if quiet or not ERRORS.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("  runs"), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(*columns, console=ERRORS, transient=True) as bar:
        task = bar.add_task("runs", total=None)
        yield lambda done, total, _: bar.update(task, completed=done, total=total)
