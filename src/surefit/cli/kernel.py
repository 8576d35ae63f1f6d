"""`surefit kernel`: the kernels of a network of infinite width, and what they predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.fields import with_fields
from surefit.cli.spread import SpreadCommand
from surefit.runs.kernel_spec import KernelSpec

__all__ = ["register"]

HELP = """
The kernels of a network of infinite width on your data, and what they predict: the spectrum, the
training curve of gradient descent before anything is trained, accuracies on test samples, and how
sure the Gaussian process of the outputs is, and should be.

The command computes NTK and NNGP kernel of all samples, their eigenvalues with an error bound, and
every prediction in closed form. `--compare-width` also trains a network of that width and lays its
curve over the predicted one.

A run is known by its options: the same command again shows the finished run. Each run is one
directory with spec, numbers and a report to open in a browser.

Exit codes: 0 descent at infinite width fits the training samples; 1 it does not, or that cannot be
said; 2 bad input; 3 interrupted.

Examples:

- `surefit kernel --data digits --network resnet --depth 10 --out runs`

- `surefit kernel --network fc --depth 3 --activation gelu --classes 0 1 --samples 300`

- `surefit kernel --network cnn --samples 300 --kernel ntk --ridge 0.01`

- `surefit kernel --data diabetes --network shallow --samples 200 --compare-width 512`

- `surefit kernel --data my.csv --target "house price" --preprocess sphere`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command = with_fields(kernel, KernelSpec, "Kernels")
    short = "What a network of infinite width predicts, before anything is trained."
    app.command("kernel", cls=SpreadCommand, help=HELP, short_help=short)(command)


def kernel(
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The run store, a directory.")
    ] = Path("runs"),
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin", metavar="FILE ...", help="Python files with your activations or data."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")] = False,
    **fields: Any,
) -> None:
    """Parse, run, print, and turn the outcome into an exit code."""
    from surefit.core.plugins import load_plugins

    load_plugins(plugin or [])
    spec = KernelSpec.parse(
        {key: value for key, value in fields.items() if value not in (None, [])}
    )

    # Imported late: `--help` and bad options should answer at once.
    from surefit import report, workflows
    from surefit.cli.kernel_tables import print_kernel
    from surefit.cli.progress import RichListener
    from surefit.cli.warned import explained_warnings
    from surefit.core.jsonable import dumps

    try:
        silent = quiet or as_json
        with explained_warnings(ERRORS), RichListener(ERRORS, quiet=silent) as listener:
            finished = workflows.kernel(
                spec, out, listener=listener, writers=(report.write_kernel,)
            )
    except KeyboardInterrupt:
        ERRORS.print("Interrupted. Nothing was written; run the same command again.")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        answer = {**finished.record.summary(), "directory": finished.directory}
        typer.echo(dumps(answer))
    else:
        print_kernel(RESULTS, finished, quiet=quiet)
    raise typer.Exit(DONE if finished.record.holds else ANSWER_IS_NO)
