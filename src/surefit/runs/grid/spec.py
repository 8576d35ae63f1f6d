"""A grid of runs: fixed values, products, lists that move together, and what is left out."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from surefit.errors import InvalidInputError, StorageError
from surefit.runs.grid.axes import Axis, ordered
from surefit.runs.grid.cells import Cells, make_cells
from surefit.runs.grid.conditions import Exclusion, exclusion
from surefit.runs.grid.options import SweepOptions
from surefit.runs.grid.ranges import LARGEST
from surefit.runs.grid.sections import sections
from surefit.runs.grid.values import several, single
from surefit.runs.spec import CertifySpec

__all__ = ["GridSpec"]


@dataclasses.dataclass(frozen=True, eq=False)
class GridSpec:
    """A grid of `surefit certify` runs, from `from_file` or `parse`.

    Args:
        name: of the file, for messages.
        base: the values that all cells share.
        axes: what varies; every value of one with every value of the others.
        exclusions: which cells are left out.
        options: how the cells are run.
    """

    name: str
    base: Mapping[str, Any]
    axes: tuple[Axis, ...]
    exclusions: tuple[Exclusion, ...] = ()
    options: SweepOptions = dataclasses.field(default_factory=SweepOptions)

    @classmethod
    def from_file(cls, path: Path | str) -> GridSpec:
        """Read a grid file; `grid_example` explains its form.

        Paths of data in it are relative to the current directory, as on the command line.

        Raises:
            StorageError: the file cannot be read.
            InvalidInputError: it is not TOML, or no grid.
        """
        path = Path(path)
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as cause:
            raise StorageError(
                f"`GridSpec.from_file(path=...)` must name a TOML file that can be read. Got "
                f"{path}: {cause.strerror}. Correct the path, or begin with the file that "
                "`surefit sweep --init grid.toml` writes."
            ) from cause
        except (ValueError, RecursionError) as cause:
            raise InvalidInputError(
                f"`GridSpec.from_file(path=...)` must name a file in TOML form. Got {path}: "
                f"{cause}. Text stands in quotation marks, and every table of `[[zip]]` and "
                "`[[exclude]]` in double brackets. Correct that line, or begin with the file that "
                "`surefit sweep --init grid.toml` writes."
            ) from None
        if not written:
            raise InvalidInputError(
                f"`GridSpec.from_file(path=...)` must name a file with a grid. Got {path}, which "
                "has no table. A table says what varies. Start from the file that `surefit sweep "
                "--init grid.toml` writes."
            )
        return cls.parse(written, name=str(path))

    @classmethod
    def parse(cls, written: Mapping[str, Any], *, name: str = "the grid") -> GridSpec:
        """Make a grid from a mapping of the form of the file.

        Args:
            written: `base`, `grid`, `zip`, `exclude` and `sweep`, each of which may be left out.
            name: of the file, for messages.

        Raises:
            InvalidInputError: a table or field is unknown, or a field does not take a value; the
                message names file, table and field.
        """
        tables = sections(written, name)
        base = {
            field: value
            for field, given in tables.base.items()
            if (value := single(field, given, f"{name}, [base]")) is not None
        }
        axes = [
            Axis.of_values(field, several(field, given, f"{name}, [grid]"))
            for field, given in tables.grid.items()
        ]
        for number, table in enumerate(tables.zipped, 1):
            where = f"{name}, [[zip]] {number}" if len(tables.zipped) > 1 else f"{name}, [[zip]]"
            axes.append(
                Axis.of_columns(
                    {field: several(field, given, where) for field, given in table.items()}, where
                )
            )
        _require_apart(name, base, axes)
        size = math.prod(len(axis.rows) for axis in axes)
        if size > LARGEST:
            raise InvalidInputError(
                f"{name} must have at most {LARGEST} cells. Got {size}, as the product of "
                f"{' x '.join(str(len(axis.rows)) for axis in axes)}. Every cell is a run of its "
                "own. Vary fewer fields at once, or write several files."
            )
        exclusions = tuple(
            exclusion(table, f"{name}, [[exclude]]" + (f" {number}" if number > 1 else ""))
            for number, table in enumerate(tables.exclude, 1)
        )
        options = SweepOptions.parse(tables.sweep, f"{name}, [sweep]")
        return cls(name, base, ordered(axes), exclusions, options)

    @functools.cached_property
    def _made(self) -> Cells:
        return make_cells(self.name, self.base, self.axes, self.exclusions)

    def cells(self) -> tuple[CertifySpec, ...]:
        """The cells, each once, in an order in which those of equal shapes follow each other.

        Raises:
            InvalidInputError: a cell contradicts itself; a data file cannot be read; no cell is
                left. The message names the values of the cell.

        Cost: some ten microseconds a cell; every data file is read once.
        """
        return self._made.specs

    @property
    def varied(self) -> tuple[str, ...]:
        """The fields that have several values."""
        return tuple(
            field for axis in self.axes for field in axis.names if len(set(axis.column(field))) > 1
        )

    def notes(self) -> tuple[str, ...]:
        """What one may not have meant: cells written twice, exclusions that cover nothing."""
        return self._made.notes

    def describe(self) -> str:
        """How many cells there are and what varies, in a line."""
        sizes = [
            f"{len(axis.rows)} {' with '.join(axis.names)}"
            for axis in self.axes
            if len(axis.rows) > 1
        ]
        count = len(self.cells())
        text = f"{count} cell{'s' if count > 1 else ''}"
        return f"{text}: {' x '.join(sizes)}" if sizes else text


def _require_apart(name: str, base: Mapping[str, Any], axes: list[Axis]) -> None:
    """Every field stands in one table."""
    seen = list(_names(base, axes))
    twice = sorted({field for field in seen if seen.count(field) > 1})
    if twice:
        raise InvalidInputError(
            f"{name} must have every field in one table. Got `{twice[0]}` in two of [base], [grid] "
            "and [[zip]]. One of them would win in silence. Keep one of the lines."
        )


def _names(base: Mapping[str, Any], axes: list[Axis]) -> Iterator[str]:
    return itertools.chain(base, *(axis.names for axis in axes))
