"""`surefit runs log-mlflow`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import INTERRUPTED
from surefit.cli.run_store.options import Out, Where, chosen, names, stored
from surefit.cli.spread import SpreadCommand

__all__ = ["register"]

HELP = """
Log finished runs to your MLflow tracking server (extra `mlflow`).

Parameters are the fields of the spec, metrics the numbers of the table (`surefit runs columns`)
and the curves of training by step, tags the run id and the verdict; `spec.json` and `result.json`
are uploaded. A run that the experiment has already is left alone: the same command again logs the
new ones only.

Exit codes: 0 all are there; 2 the server does not answer; 3 interrupted, run the same command again
to go on.

Examples:

- `surefit runs log-mlflow --tracking-uri http://127.0.0.1:5000`

- `surefit runs log-mlflow --experiment widths --where "data=digits and proved=yes"`

- `surefit runs log-mlflow --artifacts spec.json result.json report.html certificate`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("log-mlflow", cls=SpreadCommand, help=HELP)(log_mlflow)


def log_mlflow(
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            "--tracking-uri",
            metavar="URI",
            help="The address of the server. Unset: what `MLFLOW_TRACKING_URI` says.",
        ),
    ] = None,
    experiment: Annotated[
        str, typer.Option("--experiment", metavar="NAME", help="Made if it is absent.")
    ] = "surefit",
    out: Out = Path("runs"),
    where: Where = None,
    artifacts: Annotated[
        list[str] | None,
        typer.Option(
            "--artifacts",
            metavar="FILE ...",
            help="What of a run is uploaded: `report.html` or the folder `certificate`, say.",
            show_default="spec.json result.json",
        ),
    ] = None,
    points: Annotated[
        int, typer.Option("--points", min=2, help="The largest number of points of a curve.")
    ] = 500,
) -> None:
    """Choose, log with a bar, and say what is there."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from surefit.core.tidy import tidy_rows
    from surefit.errors import InvalidInputError
    from surefit.runs.tracking import log_runs

    if tracking_uri is None and not os.environ.get("MLFLOW_TRACKING_URI"):
        raise InvalidInputError(
            "`surefit runs log-mlflow --tracking-uri URI` must name a server. Got none, and "
            "`MLFLOW_TRACKING_URI` is not set. Runs go to a server that you have. Write for "
            "example `--tracking-uri http://127.0.0.1:5000`, after `mlflow server`."
        )
    # MLflow asks an address that does not answer for minutes; you would rather correct it.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    store = stored(out)
    rows = chosen(tidy_rows(store.root), None, where)
    columns = (TextColumn("logging"), BarColumn(bar_width=24), MofNCompleteColumn())
    try:
        with Progress(*columns, console=ERRORS, transient=True) as bar:
            task = bar.add_task("", total=len(rows))
            done = log_runs(
                store.root,
                rows,
                tracking_uri=tracking_uri,
                experiment=experiment,
                artifacts=names(artifacts) or ("spec.json", "result.json"),
                points=points,
                tell=lambda run_id: bar.advance(task),
            )
    except KeyboardInterrupt:
        ERRORS.print("Interrupted. Nothing is lost: the same command goes on with the others.")
        raise typer.Exit(INTERRUPTED) from None
    RESULTS.print(
        f"{len(done.new)} runs logged to the experiment {experiment!r}, {len(done.there)} were "
        "there before.",
        markup=False,
        soft_wrap=True,
    )
