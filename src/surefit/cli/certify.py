"""`surefit certify`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.fields import given, with_fields
from surefit.cli.spread import SpreadCommand
from surefit.runs import CertifySpec

__all__ = ["register", "what_else"]

HELP = """
Train a network on your data, check the theory against it, and certify the result.

The command loads the data, computes the tangent kernel and its spectrum, checks every theorem's
assumptions and notes what it promises, trains while measuring what the theorems speak of, compares
promise and outcome, and asks for a certificate: a statement that gradient descent from the saved
weights converges to zero training loss, at a stated rate, with the numbers behind it.

A run is known by its options: the same command again shows the finished run, and an interrupted
one goes on where it was. Each run is one directory with spec, measurements, certificates and a
report to open in a browser.

Examples:

- `surefit certify --data digits --classes 0 1 --samples 300`

- `surefit certify --data my.csv --target price --preprocess sphere --activation gelu --polish`

- `surefit certify --classes 0 1 --samples 100 --polish --floor`

- `surefit certify --network implicit --classes 0 1 --samples 300 --gamma 0.1`

- `surefit certify --network fc --depth 3 --samples 300 --loss cross_entropy`

- `surefit certify --data breast_cancer --samples 200 --theorems oymak_soltanolkotabi_2019`
"""

_TABLES = ("breast_cancer", "diabetes", "wine")
_SQUARED = ("half_squared", "sum_squared", "half_mean_squared", "mean_squared")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    short = "Train a network on your data, check the theory, certify the result."
    command = with_fields(certify)
    app.command("certify", cls=SpreadCommand, help=HELP, short_help=short)(command)


def certify(
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The run store, a directory.")
    ] = Path("runs"),
    spec: Annotated[
        Path | None,
        typer.Option(
            "--spec", metavar="FILE", help="A TOML file with the options; those given here win."
        ),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin", metavar="FILE ...", help="Python files with your activations, theorems, ..."
        ),
    ] = None,
    show_spec: Annotated[
        bool, typer.Option("--show-spec", help="Print the options as a TOML file and stop.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")] = False,
    **fields: Any,
) -> None:
    """Parse, run, print, and turn the outcome into an exit code."""
    from surefit.core.plugins import load_plugins

    parsed = given(fields, spec)
    if show_spec:
        RESULTS.print(parsed.to_toml(), markup=False, soft_wrap=True)
        return
    load_plugins(plugin or [])

    # Imported late: `--help` and bad options should answer at once.
    from surefit import report, workflows
    from surefit.cli.progress import RichListener
    from surefit.cli.tables import print_finished
    from surefit.cli.warned import explained_warnings
    from surefit.core.trajectory import Status

    try:
        with explained_warnings(ERRORS), RichListener(ERRORS, quiet=quiet) as listener:
            finished = workflows.certify(
                parsed, out, listener=listener, writers=(report.write_page,)
            )
        interrupted = finished.record.trajectory.status is Status.INTERRUPTED
    except KeyboardInterrupt:  # before or after training
        interrupted = True
    if interrupted:
        ERRORS.print("Interrupted. Nothing is lost: run the same command again to go on.")
        raise typer.Exit(INTERRUPTED)
    print_finished(RESULTS, finished, quiet=quiet)
    if not (finished.record.holds or quiet) and (hint := what_else(parsed)):
        RESULTS.print(f"\n{hint}", soft_wrap=True, markup=False)
    raise typer.Exit(DONE if finished.record.holds else ANSWER_IS_NO)


def what_else(spec: CertifySpec) -> str:
    """What else to try on a table whose rows were moved to the sphere by dropping their length."""
    name = spec.data.lower().removesuffix(".gz")
    table = name.endswith((".csv", ".tsv")) or name in _TABLES
    if not table or spec.preprocess != CertifySpec().preprocess or spec.loss not in _SQUARED:
        return ""
    more = ["--preprocess sphere"]
    more += ["--weight-std 8"] if spec.weight_std is None else []
    more += [] if spec.polish else ["--polish"]
    return (
        f"This is a table, and `{' '.join(spec.preprocess)}` keeps the direction of a row only: "
        "rows that differ in length become alike. Try the same command with "
        f"`{' '.join(more)}`."
    )
