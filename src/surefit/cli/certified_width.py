"""`surefit width --certified`: the smallest width with a certificate at the initial weights."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import typer
from rich.table import Table

from surefit.cli.console import ERRORS, RESULTS
from surefit.cli.exits import ANSWER_IS_NO, DONE, INTERRUPTED
from surefit.cli.progress import RichListener
from surefit.cli.width_tables import plain_table, width_table
from surefit.runs import Store
from surefit.runs.width_spec import WidthSpec
from surefit.workflows import Listener
from surefit.workflows.certified_width import WidthSearch, certified_width, usable_data
from surefit.workflows.proving import prove

__all__ = ["run"]

# Where an interrupted search is kept; a finished one leaves nothing there.
KEPT = Path("runs")


def run(spec: WidthSpec, out: Path | None, quiet: bool) -> None:
    """Search, print, write the certificate, and turn the outcome into an exit code.

    Args:
        spec: what to look for.
        out: where to write the certificate; None: nowhere.
        quiet: print the result only.
    """
    try:
        with RichListener(ERRORS, quiet=quiet) as listener:
            found = _search(spec, listener)
    except KeyboardInterrupt:
        ERRORS.print("Interrupted. Nothing is lost: run the same command again to go on.")
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
    assert proof is not None
    RESULTS.print(
        f"\nChecker: {proof.verdict} in {proof.seconds:.3g} s. {proof.reason}", markup=False
    )
    RESULTS.print(f"Certificate: {out} (surefit verify {out})", markup=False, soft_wrap=True)
    raise typer.Exit(DONE if proof.proved else ANSWER_IS_NO)


def _search(spec: WidthSpec, listener: Listener) -> WidthSearch:
    """The search, which goes on where an earlier one was interrupted."""
    usable_data(spec)  # before the store is touched
    store = Store(KEPT)
    with store.begin(spec) as workspace:
        if workspace.resumed:
            listener.stage("An interrupted search goes on")
        found = certified_width(spec, scratch=workspace.scratch, listener=listener)
        workspace.discard()
    for directory in (store.root / ".incomplete", store.root):
        with contextlib.suppress(OSError):  # there are runs in it
            directory.rmdir()
    return found


def _table(found: WidthSearch) -> Table:
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
