"""`surefit verify`: a certificate checked by a program that shares nothing with its issuer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import RESULTS
from surefit.cli.help import WideHelp
from surefit.errors import InvalidInputError

__all__ = ["register"]

HELP = """
Check a certificate, from its files alone.

Everything is computed again from the weights and the data in the folder, with outward rounding, by
a small program that shares no code with the one that issued the certificate (`surefit-checker`,
NumPy and python-flint only, which can be installed and read on its own). Its verdict is the only
thing that is called *proved*.

Of the directory of a run all certificates are checked, one after another.

Exit codes: 0 all proved; 1 one is refused, or cannot be decided in this precision; 2 damaged files.

Examples:

- `surefit verify runs/digits-shallow-tanh-512-s0-0123456789/certificate`

- `surefit verify runs/digits-shallow-tanh-512-s0-0123456789`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("verify", cls=WideHelp, help=HELP)(verify)


def verify(
    folder: Annotated[
        Path, typer.Argument(help="The folder of a certificate, or the directory of a run.")
    ],
    bits: Annotated[
        int,
        typer.Option(
            "--bits",
            min=53,
            help="Compute in ball arithmetic of so many bits, for small networks: decides what "
            "double precision (53) cannot.",
        ),
    ] = 53,
) -> None:
    """Print the sentences and the chains of inequalities."""
    from surefit_checker import check
    from surefit_checker.__main__ import in_words

    # `certificates` beside them holds what was issued, without arrays.
    inside = sorted(path.parent for path in folder.glob("certificate*/certificate.json"))
    if not (inside or (folder / "certificate.json").exists()):
        raise InvalidInputError(
            f"`surefit verify FOLDER` must be the folder of a certificate, or the directory of a "
            f"run that has one. Got {str(folder)!r}, "
            f"{'with no certificate.json' if folder.is_dir() else 'which is no directory'}. "
            "Everything is computed from the files in it. Write the folder that `surefit certify` "
            "named, such as `runs/<id>/certificate`."
        )
    worst = 0
    for each in inside or [folder]:
        if inside:
            RESULTS.print(f"{each.name}:", markup=False, highlight=False)
        verdict = check(each, bits)
        RESULTS.print(in_words(verdict), markup=False, highlight=False, soft_wrap=True)
        worst = max(worst, verdict.exit_code)
    raise typer.Exit(worst)
