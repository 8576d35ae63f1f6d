"""A finished run on the terminal: verdict, theorems, certificates, where the report is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from surefit.cli.fitted_table import print_fitted
from surefit.cli.width_tables import print_widths
from surefit.core.certificate import Certificate
from surefit.core.check import Check
from surefit.core.record import TheoremRecord
from surefit.workflows import Finished

__all__ = ["print_finished"]

_WORD = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]cannot say[/]"}


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "inf" if math.isinf(value) else f"{value:.3g}"


def _reason(check: Check) -> str:
    """Why a check does not hold, in a line."""
    flag = check.bound == 1.0 and check.value in (0.0, 1.0)
    if math.isnan(check.value) or (flag and check.note):
        return f"{check.name}: {check.note}"
    if flag:
        return f"not: {check.name}"
    unstated = f" (unstated {', '.join(check.unstated)})" if check.unstated else ""
    return (
        f"{check.name} = {_number(check.value)}, not {check.sense} {_number(check.bound)}{unstated}"
    )


def _shortfall(checks: Sequence[Check]) -> str:
    more = f" (+{len(checks) - 1} more)" if len(checks) > 1 else ""
    return escape(f"{_reason(checks[0])}{more}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        # A name that is cut in two cannot be copied.
        table.add_column(column, no_wrap=True)
    return table


def _print_reasons(console: Console, reasons: Sequence[tuple[str, str]]) -> None:
    """Names with sentences: below their table, where they have the whole line."""
    for name, reason in reasons:
        console.print(Padding(Text.from_markup(f"[bold]{name}[/]: {reason}"), (0, 0, 0, 2)))
    if reasons:
        console.print()


def _speaks(theorem: TheoremRecord) -> bool:
    """Whether the theorem says anything about this network: that it applies, or a number."""
    prediction = theorem.prediction
    return (
        prediction.applies is not False or bool(prediction.promises) or prediction.width is not None
    )


def _print_theorems(console: Console, theorems: tuple[TheoremRecord, ...], width: float) -> None:
    table = _table("Theorems", "theorem", "applies", "width", "promises kept")
    reasons = []
    for theorem in filter(_speaks, theorems):
        prediction = theorem.prediction
        mark = "*" if prediction.unstated and prediction.width is not None else ""
        verdicts = [check.holds for check in theorem.outcome if check.holds is not None]
        table.add_row(
            theorem.name,
            _WORD[prediction.applies],
            _number(prediction.width) + mark,
            f"{sum(verdicts)} of {len(verdicts)}" if verdicts else "-",
        )
        if prediction.failing:
            reasons.append((theorem.name, _shortfall(prediction.failing)))
    table.caption = (
        f"width: what it would ask for (here {width:g}); * depends on a constant that is unstated."
    )
    table.caption_justify = "left"
    console.print(table)
    _print_reasons(console, reasons)
    silent = [theorem.name for theorem in theorems if not _speaks(theorem)]
    if silent:
        console.print(
            f"About other networks (the report has the reasons): {', '.join(silent)}.\n",
            markup=False,
        )


def _print_certificates(console: Console, certificates: tuple[Certificate, ...]) -> None:
    table = _table("Certificates", "certificate", "holds", "evidence", "radius", "rate")
    reasons = []
    for certificate in certificates:
        quantities = certificate.quantities
        rate = quantities.get("rate", math.nan)
        bad = [check for check in certificate.checks if check.holds is not True]
        table.add_row(
            certificate.name,
            _WORD[certificate.holds],
            str(certificate.evidence),
            _number(quantities.get("radius")),
            f"1 - {1 - rate:.2g}" if 0.5 < rate < 1 else _number(rate),
        )
        if bad:
            reasons.append((certificate.name, _shortfall(bad)))
    console.print(table)
    _print_reasons(console, reasons)
    for certificate in certificates:
        loose = certificate.quantities.get("looseness", math.nan)
        if not math.isnan(loose):
            bound, found = (certificate.quantities[key] for key in ("lipschitz", "curvature_found"))
            console.print(
                f"The curvature bound of {certificate.name}, {bound:.3g}, is at most {loose:.2g} "
                f"times too large: a search finds {found:.3g}.\n",
                markup=False,
            )


def print_finished(console: Console, finished: Finished, quiet: bool = False) -> None:
    """Print the run's tables and verdict."""
    record = finished.record
    if not quiet:
        if finished.reused:
            console.print("This run is finished already; nothing was computed again.\n")
        _print_theorems(console, record.theorems, float(record.problem["width"]))
        print_fitted(console, record.theorems)
        print_widths(console, record)
        _print_certificates(console, record.certificates)
    mark = {True: "[bold green]✓[/]", False: "[bold red]✗[/]", None: "[bold yellow]?[/]"}
    console.print(f"{mark[record.holds]} {escape(record.verdict)}", soft_wrap=True)
    console.print(f"\nRun:    {finished.directory}", soft_wrap=True, markup=False)
    console.print(f"Report: {finished.directory / 'report.html'}", soft_wrap=True, markup=False)
