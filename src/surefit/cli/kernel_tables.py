"""A finished kernel run on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surefit.cli.width_tables import plain_table
from surefit.core.kernel_record import KernelOutcome, KernelRecord
from surefit.workflows import FinishedKernel

__all__ = ["print_kernel"]

_MARKS = {True: "[bold green]✓[/]", False: "[bold red]✗[/]", None: "[bold yellow]?[/]"}


def print_kernel(console: Console, finished: FinishedKernel, quiet: bool = False) -> None:
    """Print tables and verdict."""
    record = finished.record
    if not quiet:
        if finished.reused:
            console.print("This run is finished already; nothing was computed again.\n")
        console.print(_spectra(record.kernels))
        console.print(_times(record.kernels))
        console.print(_scores(record.kernels))
        for kernel in record.kernels:
            if kernel.status != "positive_definite":
                console.print(f"[bold yellow]![/] {escape(kernel.message)}", soft_wrap=True)
        if record.class_rows:
            console.print(_classes(record))
        if record.calibration:
            console.print(_named("Gaussian process on test samples", record.calibration))
        if record.comparison:
            console.print(_named("Against the trained network", record.comparison))
        if record.comparison_note:
            console.print(f"[bold yellow]![/] {escape(record.comparison_note)}", soft_wrap=True)
    console.print(f"{_MARKS[record.holds]} {escape(record.verdict)}", soft_wrap=True)
    console.print(f"\nRun:    {finished.directory}", soft_wrap=True, markup=False)
    console.print(f"Report: {finished.directory / 'report.html'}", soft_wrap=True, markup=False)


def _number(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _spectra(kernels: Sequence[KernelOutcome]) -> Table:
    table = plain_table(
        "Spectra on the training samples",
        "effective dimension: at the mean eigenvalue; step size: 1 / largest eigenvalue.",
        "eigenvalues",
        *(k.name.upper() for k in kernels),
    )
    for label, name in (
        ("smallest", "smallest"),
        ("largest", "largest"),
        ("error, at most", "error"),
        ("condition number", "condition"),
        ("effective dimension", "effective_dimension"),
        ("rank", "rank"),
        ("safe step size", "step_size"),
    ):
        table.add_row(label, *(_number(getattr(k, name)) for k in kernels))
    return table


def _times(kernels: Sequence[KernelOutcome]) -> Table:
    heads = [f"{what}, {k.name.upper()}" for k in kernels for what in ("steps", "flow time")]
    table = plain_table(
        "Predicted training",
        "until the loss is this share of that at the start.",
        "loss share",
        *heads,
    )
    for index, (share, _, _) in enumerate(kernels[0].goals):
        cells = [_when(x) for k in kernels for x in k.goals[index][1:]]
        table.add_row(f"{share:g}", *cells)
    return table


def _when(value: float | int | None) -> str:
    return "never" if value is None or value == math.inf else _number(value)


def _scores(kernels: Sequence[KernelOutcome]) -> Table:
    names = list(kernels[0].scores)
    table = plain_table(
        "Predictions in the end", "", "kernel", *(n.replace("_", " ") for n in names)
    )
    for k in kernels:
        table.add_row(k.name.upper(), *(_score(name, k.scores[name]) for name in names))
    return table


def _score(name: str, value: float) -> str:
    return f"{value:.1%}" if "accuracy" in name else f"{value:.3g}"


def _classes(record: KernelRecord) -> Table:
    table = plain_table("Classes", "", *record.class_columns)
    for row in record.class_rows:
        pairs = zip(record.class_columns, row, strict=True)
        table.add_row(*(escape(x) if isinstance(x, str) else _cell(head, x) for head, x in pairs))
    return table


def _cell(head: str, value: float | int) -> str:
    return f"{value:.1%}" if head.startswith("accuracy") else str(value)


def _named(title: str, numbers: dict[str, float]) -> Table:
    table = plain_table(title, "", "what", "value")
    for name, value in numbers.items():
        table.add_row(name.replace("_", " "), f"{value:.4g}")
    return table
