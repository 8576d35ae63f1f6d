"""`surefit width`: how wide the network must be, certified."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.fields import with_fields
from surefit.cli.spread import SpreadCommand
from surefit.errors import InvalidInputError
from surefit.runs.width_spec import WidthSpec

if TYPE_CHECKING:
    from surefit.workflows.certified_width import WidthSearch

__all__ = ["register"]

HELP = """
How wide must the network be for gradient descent to fit your data, before anything is trained?

With `--certified`: the smallest width at which a certificate holds at the initial weights (Theorem
3 of the documentation), for several sizes of the hidden weights and several draws, beside the
widths that published theorems ask for on the same data. The network has one hidden layer, all
weights trained, output weights of variance 1/m, and starts at zero output.

The certificate says that descent from the initial weights converges to zero training loss, with
its rate. `--out DIR` writes the one of the smallest width for `surefit verify` and has it checked.
At such widths the network is in the kernel regime; narrower networks also converge, see `surefit
certify`.

Exit codes: 0 a width is certified (and, with `--out`, proved by the checker); 1 none is.

Examples:

- `surefit width --certified --classes 0 1 --samples 50`

- `surefit width --certified --classes 0 1 --weight-stds 8 --seeds 1 --out certificate`

- `surefit width --certified --data my.csv --activation gelu --largest-width 8192`
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("width", cls=SpreadCommand, help=HELP)(with_fields(width, WidthSpec, "Search"))


def width(
    *,
    certified: Annotated[
        bool, typer.Option("--certified", help="Widths with a certificate at the initial weights.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the certificate there, and check it."),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE ...", help="Python files with your data sources."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the result only.")] = False,
    **fields: Any,
) -> None:
    """Parse, search, print, and turn the outcome into an exit code."""
    if not certified:
        raise InvalidInputError(
            "`surefit width` must be told what kind of width. Got none. Known is `--certified`, "
            "the smallest width with a proof of convergence from the initial weights; what "
            "published theorems ask for on your data is printed beside it, and by `surefit "
            "certify`. Write `surefit width --certified`."
        )
    from surefit.core.plugins import load_plugins

    load_plugins(plugin or [])
    spec = WidthSpec.parse({key: value for key, value in fields.items() if value not in (None, [])})

    # Imported late: `--help` and bad options should answer at once.
    from surefit.cli.progress import RichListener
    from surefit.cli.width_tables import width_table
    from surefit.workflows.certified_width import certified_width
    from surefit.workflows.proving import prove

    try:
        with RichListener(ERRORS, quiet=quiet) as listener:
            found = certified_width(spec, listener=listener)
    except KeyboardInterrupt:
        ERRORS.print("Interrupted. Nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    best = found.best
    if not quiet:
        RESULTS.print(_table(found))
        if found.demands:
            RESULTS.print(
                width_table(found.demands, math.nan if best is None else float(best.width))
            )
    if best is None:
        RESULTS.print("[bold red]✗[/] No width up to the largest one tried is certified.")
        least = min(found.rows, key=lambda row: row.estimate)
        RESULTS.print(least.certificate.note, markup=False, soft_wrap=True)
        raise typer.Exit(ANSWER_IS_NO)
    RESULTS.print(
        f"[bold green]✓[/] Certified from width {best.width} on {found.samples} samples "
        f"(weight_std {best.weight_std:g}, seed {best.seed}).",
        soft_wrap=True,
    )
    RESULTS.print(f"{best.certificate.statement} {best.certificate.note}", markup=False)
    if out is None:
        raise typer.Exit(DONE)
    proof = prove((best.certificate,), out)
    RESULTS.print(
        f"\nChecker: {proof.verdict} in {proof.seconds:.3g} s. {proof.reason}", markup=False
    )
    RESULTS.print(f"Certificate: {out} (surefit verify {out})", markup=False, soft_wrap=True)
    raise typer.Exit(DONE if proof.proved else ANSWER_IS_NO)


def _table(found: WidthSearch) -> Table:
    from surefit.cli.width_tables import plain_table

    table = plain_table(
        "Smallest width with a certificate at the initial weights",
        "~: estimated, none was certified; condition: Lambda_F V over its limit, below 1; path: at "
        "most; neuron: how far its weights move at most; rate: what V loses in a step, at least.",
        "weight_std", "seed", "width", "per sample", "condition", "path", "neuron", "rate",
    )  # fmt: skip
    for row in found.rows:
        numbers = row.certificate.quantities
        shown = f"~{row.estimate:.2g}" if row.width is None else str(row.width)
        cells = [f"{row.weight_std:g}", str(row.seed), shown]
        if row.width is None:
            cells += ["-", "-", "-", "-", "-"]
        else:
            cells.append(f"{row.width / found.samples:.3g}")
            cells += [f"{numbers[name]:.3g}" for name in ("condition", "radius", "hidden_movement")]
            cells.append(f"{1.0 - numbers['rate']:.2g}")
        table.add_row(*cells)
    return table
