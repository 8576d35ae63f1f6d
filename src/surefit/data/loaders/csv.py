"""Tables of text: CSV and TSV."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader
from surefit.data.table import Table, is_number, listed, read_table
from surefit.data.targets import read_whole, resolve_task
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["Csv"]


@dataclasses.dataclass(frozen=True)
class Csv(Loader):
    """A table of text with one example per line (.csv, .tsv, also compressed with gzip).

    Every column but the target must hold numbers; missing values are refused, with their rows.

    Args:
        path: the file, in UTF-8.
        target: the column to predict, by name or by number counted from 0 (negative: from the
            end); by default the last one. A list of columns is a regression with several outputs.
        header: whether the first line holds names. By default it does if none of its cells is a
            number, or if one of them is the target.
        delimiter: what separates cells. By default a tab for .tsv, else the one among comma,
            semicolon, tab and vertical bar that occurs most often in the first line.
        task: "classification", "regression" or "auto": text is classified, and so are whole
            numbers with at most 20 distinct values, each for two rows on average; anything else
            is a regression.
    """

    endings = (".csv", ".tsv")
    argument = "path"

    path: str | Path
    target: str | int | list[str | int] | tuple[str | int, ...] | None = None
    header: bool | None = None
    delimiter: str | None = None
    task: str = "auto"

    def load(self) -> Dataset:
        """Read the file line by line."""
        path = Path(self.path).expanduser()
        self._require_options()
        given = self.target if isinstance(self.target, list | tuple) else [self.target]
        wanted = [name for name in given if isinstance(name, str)]
        table = read_table(path, self._columns, self.header, self.delimiter, wanted)
        names = [table.names[column] for column in table.targets]
        if isinstance(self.target, list | tuple):
            y, task = self._numbers(path, table), "regression"
        else:
            cells = table.cells[:, 0]
            self._refuse_name_among_labels(path, table)
            y = cells.astype(np.float64) if all(map(is_number, cells)) else read_whole(cells)
            task = resolve_task(self.task, y)
            if task == "regression":
                y = self._numbers(path, table)[:, 0]
        source = f"CSV file {path.name}, target {', '.join(names)}"
        name = path.name.removesuffix(".gz").rsplit(".", 1)[0]
        return Dataset(name, table.x, y, task, source=source)

    def _require_options(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise InvalidInputError(
                "`load('csv', delimiter=...)` must be one character. Got "
                f"{self.delimiter!r}. It stands between two cells. Write ',' or ';', or leave it "
                "out to have it found."
            )
        if isinstance(self.target, list | tuple) and not self.target:
            raise InvalidInputError(
                "`load(target=...)` must name at least one column. Got an empty list. "
                "Something has to be predicted. Leave it out for the last column."
            )

    def _columns(self, names: list[str]) -> list[int]:
        # Which columns are targets, once the names of all columns are known.
        given = self.target if isinstance(self.target, list | tuple) else [self.target]
        columns = []
        for target in given:
            column: int | str | None = -1 if target is None else target
            if isinstance(column, str) and column not in names:
                # On a command line a number arrives as text.
                if not column.removeprefix("-").isdigit():
                    raise UnknownNameError("target column", column, names)
                column = int(column)
            elif isinstance(column, str):
                if names.count(column) > 1:
                    raise InvalidInputError(
                        f"`load(target=...)` must name one column. Got {column!r}, which "
                        f"heads {names.count(column)} columns. Give its number, counted from 0."
                    )
                column = names.index(column)
            if not -len(names) <= column < len(names):
                raise InvalidInputError(
                    f"`load(target=...)` must be a column of the table. Got {column}. There are "
                    f"{len(names)} columns: {listed(names)}. Give a number from 0 to "
                    f"{len(names) - 1}, or a name."
                )
            columns.append(column % len(names))
        return columns

    def _refuse_name_among_labels(self, path: Path, table: Table) -> None:
        first, *others = table.cells[:, 0].tolist()
        guessed = self.header is None and not table.named
        if guessed and others and not is_number(first) and all(map(is_number, others)):
            raise InvalidInputError(
                f"{path} must say whether its first line holds names. Got {first!r} above numbers "
                "in the target column, and numbers in the rest of that line. As a label it would "
                f"make a class of every number. Write target={first!r} (`--target` on the command "
                "line) or header=True if it is a name, header=False if it is a label."
            )

    @staticmethod
    def _numbers(path: Path, table: Table) -> np.ndarray:
        for row, cells in enumerate(table.cells):
            for column, cell in zip(table.targets, cells, strict=True):
                if not is_number(cell):
                    raise InvalidInputError(
                        f"{path} must hold numbers in the target column of a regression. Got "
                        f"{str(cell)!r} in row {row} (counted from 0), column "
                        f"{table.names[column]!r}. Names of classes need "
                        "task='classification'."
                    )
        return table.cells.astype(np.float64)
