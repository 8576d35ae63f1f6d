"""`surefit report`: the page of a finished run."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import RESULTS

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("report")(report)


def report(
    run: Annotated[Path, typer.Argument(help="The directory of a finished run or experiment.")],
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in your browser.")
    ] = False,
) -> None:
    """Write the report of a finished run again, for example after an upgrade.

    The page is made from the run's files alone; nothing is computed again.
    """
    from surefit import report as pages

    # A kernel run has curves as well, and is asked for first.
    if pages.is_kernel(run):
        page = pages.write_kernel(run)
    else:
        page = pages.write_experiment(run) if pages.is_experiment(run) else pages.write_page(run)
    RESULTS.print(f"Report: {page}", soft_wrap=True, markup=False)
    if open_page:
        webbrowser.open(page.resolve().as_uri())
