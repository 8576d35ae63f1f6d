"""A finished run on the terminal: verdict, theorems, certificates, where the report is."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.core.record import TheoremRecord
from surefit.workflows import Finished

__all__ = ["print_finished"]

_WORD = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]cannot say[/]"}


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "∞" if math.isinf(value) else f"{value:.3g}"


def _shortfall(theorem: TheoremRecord) -> str:
    failing = theorem.prediction.failing
    if not failing:
        return "all assumptions hold"
    first = failing[0]
    more = f" (+{len(failing) - 1} more)" if len(failing) > 1 else ""
    unstated = f" [unstated: {', '.join(first.unstated)}]" if first.unstated else ""
    if math.isnan(first.value):
        return f"{first.name}: {first.note}{more}"
    numbers = f"{_number(first.value)} {first.sense} {_number(first.bound)}"
    word = "fails" if first.holds is False else "undecided"
    return f"{first.name}: {numbers} {word}{unstated}{more}"


def _theorem_table(theorems: tuple[TheoremRecord, ...], width: float) -> Table:
    table = Table(title="Theorems", title_justify="left", expand=False)
    for column in ("theorem", "applies", f"width asked (here {width:g})", "promises kept", "why"):
        table.add_column(column, overflow="fold")
    for theorem in theorems:
        prediction = theorem.prediction
        asked = _number(prediction.width)
        if prediction.unstated and prediction.width is not None:
            asked += " (unstated constant)"
        verdicts = [check.holds for check in theorem.outcome]
        decided = [verdict for verdict in verdicts if verdict is not None]
        kept = f"{sum(decided)} of {len(decided)}" if decided else "-"
        table.add_row(
            escape(theorem.title), _WORD[prediction.applies], asked, kept,
            escape(_shortfall(theorem)),
        )  # fmt: skip
    return table


def _certificate_table(finished: Finished) -> Table:
    table = Table(title="Certificates", title_justify="left", expand=False)
    for column in ("certificate", "holds", "evidence", "radius", "rate", "why"):
        table.add_column(column, overflow="fold")
    for certificate in finished.record.certificates:
        quantities = certificate.quantities
        bad = [str(check) for check in certificate.checks if check.holds is not True]
        table.add_row(
            certificate.name,
            _WORD[certificate.holds],
            str(certificate.evidence),
            _number(quantities.get("radius")),
            _number(quantities.get("rate")),
            escape(bad[0] if bad else "every check holds"),
        )
    return table


def print_finished(console: Console, finished: Finished, quiet: bool = False) -> None:
    """Print the run's tables and verdict."""
    record = finished.record
    if not quiet:
        if finished.reused:
            console.print("This run is finished already; nothing was computed again.\n")
        console.print(_theorem_table(record.theorems, float(record.problem["width"])))
        console.print(_certificate_table(finished))
        console.print()
    mark = {True: "[bold green]✓[/]", False: "[bold red]✗[/]", None: "[bold yellow]?[/]"}
    console.print(f"{mark[record.holds]} {escape(record.verdict)}", soft_wrap=True)
    console.print(f"\nRun:    {finished.directory}", soft_wrap=True, markup=False)
    console.print(f"Report: {finished.directory / 'report.html'}", soft_wrap=True, markup=False)
