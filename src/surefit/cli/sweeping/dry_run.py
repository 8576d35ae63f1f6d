"""What a sweep would do."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from surefit.cli.sweeping.costs import Costs, words
from surefit.core.jsonable import read_json
from surefit.core.memory import format_bytes
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store
from surefit.runs.grid import GridSpec
from surefit.runs.grid.cells import cell_words

__all__ = ["print_plan"]


def print_plan(
    console: Console,
    grid: GridSpec,
    out: Path,
    largest: tuple[CertifySpec, int],
    retry_failed: bool,
) -> None:
    """Print how many cells there are, which, what they need, and what is done already.

    Args:
        console: where to print.
        grid: what would run.
        out: the store.
        largest: the cell that needs the most memory, and its bytes.
        retry_failed: whether cells that failed before would be tried again.
    """
    cells = grid.cells()
    store = Store(out)
    found = {spec.run_id: store.find(spec) for spec in cells}
    open_ = {run_id for run_id, path in found.items() if path is None}
    failed = {one.run_id for one in store.failures()} & open_
    again = "tried again" if retry_failed else "not tried again without --retry-failed"
    ahead = open_ if retry_failed else open_ - failed

    def line(name: str, text: str) -> None:
        console.print(f"{name:<9} {text}", markup=False, soft_wrap=True)

    line("Cells", grid.describe())
    line("First", _named(grid, cells[0]))
    line("Last", _named(grid, cells[-1]))
    line("Finished", f"{len(cells) - len(open_)} in {out}")
    line("Failed", f"{len(failed)}" + (f", {again}" if failed else ""))
    line("To run", f"{len(ahead)}")
    line("Memory", f"at most {format_bytes(largest[1])} in the largest cell, {largest[0].run_id}")
    line("Time", _time(cells, found, ahead))


def _named(grid: GridSpec, spec: CertifySpec) -> str:
    values = cell_words({name: getattr(spec, name) for name in grid.varied})
    return f"{values}: {spec.run_id}" if values else spec.run_id


def _time(cells: tuple[CertifySpec, ...], found: dict[str, Path | None], ahead: set[str]) -> str:
    if not ahead:
        return "none"
    costs = Costs(cells)
    for run_id, path in found.items():
        seconds = None if path is None else _seconds(path)
        if seconds is not None:
            costs.learn(run_id, seconds)
    expected = costs.expect(ahead)
    if expected is None:
        return "not known before a cell of this grid is finished"
    return f"about {words(expected)} of one worker, by the cells that are finished"


def _seconds(directory: Path) -> float | None:
    try:
        took = read_json(directory / "timings.json").get("total")
    except (StorageError, AttributeError):
        return None
    return float(took) if isinstance(took, int | float) else None
