"""`surefit cite`: what to cite, and what to write in the methods section."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import RESULTS
from surefit.cli.help import WideHelp
from surefit.errors import StorageError

__all__ = ["register"]

HELP = """
Print what to cite: BibTeX of the software, of the theorems that apply to a run or stand behind its
certificates, and of the data set where its source is known; and a paragraph with the run's numbers
for the methods section.

Everything is read from the files of the run. Without a run, the software alone.

Examples:

- `surefit cite`

- `surefit cite runs/digits-shallow-tanh-512-s0-0123456789`

- `surefit cite runs/digits-shallow-tanh-512-s0-0123456789 --format bibtex >> paper.bib`
"""


class Format(StrEnum):
    """What is printed."""

    BIBTEX = "bibtex"
    TEXT = "text"
    BOTH = "both"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("cite", cls=WideHelp, help=HELP, short_help="Print what to cite for a run.")(cite)


def cite(
    run: Annotated[
        Path | None,
        typer.Argument(help="The directory of a finished run of `surefit certify`."),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="The entries, the paragraph for the methods section, or both."
        ),
    ] = Format.BOTH,
) -> None:
    """Print entries and sentences."""
    from surefit.report import citations

    if run is None:
        from surefit import __version__

        blocks = [citations.software(__version__)]
        sentence = f"Computations were made with surefit {__version__}."
    else:
        from surefit.core.record import RunRecord

        if not (run / "result.json").is_file():
            raise StorageError(
                f"`surefit cite RUN` must be the directory of a finished run. Got {str(run)!r}, "
                "in which no result.json stands. Entries and sentences are made from it. Write the "
                "directory that `surefit certify` named, or `surefit cite` for the software alone."
            )
        record = RunRecord.load(run)
        blocks, sentence = citations.entries(record), citations.methods(record)
    if form is not Format.TEXT:
        _print("\n\n".join(blocks))
    if form is Format.BOTH:
        _print("")
    if form is not Format.BIBTEX:
        _print(sentence)


def _print(text: str) -> None:
    RESULTS.print(text, markup=False, highlight=False, soft_wrap=True)
