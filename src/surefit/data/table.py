"""Reading a table of text line by line: features become numbers, targets stay text."""

from __future__ import annotations

import array
import csv
import io
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.core.memory import require_bytes
from surefit.data.files import open_bytes
from surefit.data.rows import RowsError
from surefit.errors import InvalidInputError

__all__ = ["Table", "is_number", "listed", "read_table"]

LONGEST_LINE = 2**26
# The numbers of a packed file are counted as they come: so many at first, then twice as many.
FIRST_COUNT = 2**22
MOST_NAMES = 30
DELIMITERS = ",;\t|"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


class Table(NamedTuple):
    """What a file holds.

    Args:
        names: the names of all columns.
        targets: the numbers of the target columns.
        x: the other columns.
        cells: the target columns as text.
        named: whether the first line holds the names.
    """

    names: list[str]
    targets: list[int]
    x: Float64[np.ndarray, "n d"]
    cells: Shaped[np.ndarray, "n k"]
    named: bool


def listed(names: Sequence[str]) -> str:
    """The names of columns for a message, which has no room for hundreds."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"


def is_number(cell: str) -> bool:
    """Whether Python can read the cell as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_table(
    path: Path,
    find_targets: Callable[[list[str]], list[int]],
    header: bool | None = None,
    delimiter: str | None = None,
    wanted: Collection[str] = (),
) -> Table:
    """Read a table with numbers in every column but the targets.

    Args:
        path: the file, plain or compressed with gzip.
        find_targets: which columns are targets, given the names of all.
        header: whether the first line holds names; None: if none of its cells is a number, or one
            of them is a name that is wanted.
        delimiter: what separates cells; None: found from name and first line.
        wanted: names of columns that were asked for.

    Raises:
        InvalidInputError: a cell is no number or missing (the message says where), lines differ
            in length, or the file is no table of text.
        StorageError: the file cannot be read.
        MemoryLimitError: the numbers would not fit into memory.
    """
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            return _parse(path, text, find_targets, header, delimiter, wanted)
        except (UnicodeDecodeError, csv.Error) as cause:
            raise InvalidInputError(
                f"{path} must be a table of text in UTF-8. Got what is none: {cause}. Save it as "
                "CSV in UTF-8."
            ) from cause


def _parse(
    path: Path,
    text: io.TextIOWrapper,
    find_targets: Callable[[list[str]], list[int]],
    header: bool | None,
    delimiter: str | None,
    wanted: Collection[str],
) -> Table:
    lines_of_text = _bounded(path, text)
    first_line = next(lines_of_text, "")
    if delimiter is None:
        tabs = path.name.lower().removesuffix(".gz").endswith(".tsv")
        delimiter = "\t" if tabs else max(DELIMITERS, key=first_line.count)
    lines = _cells(lines_of_text, first_line, delimiter)
    line, first = next(lines, (0, []))
    if len(first) < 2:
        raise InvalidInputError(
            f"{path} must have at least two columns, features and a target. Got "
            f"{len(first) or 'no'} column{'s' * (not first)} with the delimiter {delimiter!r}. Say "
            "what separates the cells with delimiter=..."
        )
    said = {cell for cell in first if not is_number(cell)}.intersection(wanted)
    named = (bool(said) or not any(map(is_number, first))) if header is None else header
    names = first if named else [str(column) for column in range(len(first))]
    targets = find_targets(names)
    features = [column for column in range(len(names)) if column not in targets]
    _predict(path, len(first_line), len(features))
    values, cells, missing, room = array.array("d"), [], [], FIRST_COUNT
    rows = lines if named else itertools.chain([(line, first)], lines)
    for row, (line, entries) in enumerate(rows):
        if len(entries) != len(names):
            raise InvalidInputError(
                f"{path} must have {len(names)} cells in every line, as in the first. Got "
                f"{len(entries)} in line {line}. A cell that contains {delimiter!r} must stand in "
                "double quotes. Correct that line."
            )
        picked = [entries[column] for column in features]
        chosen = [entries[column] for column in targets]
        if any(cell.lower() in MISSING for cell in [*picked, *chosen]):
            missing.append(row)
            continue
        try:
            values.extend(map(float, picked))
        except ValueError:
            columns = [(names[column], entries[column]) for column in features]
            raise _not_a_number(path, (row, line), columns) from None
        cells.append(chosen)
        if len(values) > room:
            room = 2 * len(values)
            _require_room(path, room)
    if missing:
        raise RowsError(
            f"{path} must have no missing values. Got some in {{rows}} (counted from 0, below the "
            "header). A network needs every input and every label. Remove these rows or fill the "
            "gaps.",
            missing,
        )
    if not values:
        raise InvalidInputError(
            f"{path} must hold at least one example with one feature. Got {len(cells)} examples "
            f"with {len(features)} features. There is nothing to fit."
        )
    x = np.frombuffer(values, dtype=np.float64).reshape(len(cells), len(features))
    text_cells = np.array(cells, dtype=np.str_).reshape(-1, len(targets))
    return Table(names, targets, x, text_cells, named)


def _bounded(path: Path, text: io.TextIOWrapper) -> Iterator[str]:
    """The lines, each of a length that memory has room for."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise InvalidInputError(
                f"{path} must have lines of less than {LONGEST_LINE} characters. Got a longer one. "
                "It is no table of text, or its lines do not end. Save it as CSV."
            )
        yield line


def _cells(text: Iterator[str], first_line: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        itertools.chain([first_line], text), delimiter=delimiter, skipinitialspace=True
    )
    for entries in reader:
        stripped = [cell.strip() for cell in entries]
        if any(stripped):
            yield reader.line_num, stripped


def _predict(path: Path, line_bytes: int, features: int) -> None:
    # Only a plain file tells its size; lines are taken to be as long as the first.
    rows = path.stat().st_size // max(1, line_bytes)
    require_bytes(
        2 * 8 * rows * features,
        f"{path}: about {rows} rows of {features} numbers in float64 and one working copy",
        "Cut the file into parts.",
    )


def _require_room(path: Path, count: int) -> None:
    what = f"{path}: {count} numbers in float64 and one working copy"
    require_bytes(2 * 8 * count, what, "Cut the file into parts.")


def _not_a_number(
    path: Path, place: tuple[int, int], columns: list[tuple[str, str]]
) -> InvalidInputError:
    row, line = place
    words = [(name, cell) for name, cell in columns if not is_number(cell)]
    name, cell = words[0]
    others = f"; also {listed([repr(name) for name, _ in words[1:]])}" if len(words) > 1 else ""
    if is_number(cell.replace(",", ".")):
        advice = "Numbers need a decimal point. Replace the decimal commas."
    else:
        advice = (
            f"If it is the column to predict, write target={name!r} (`--target` on the command "
            "line). Otherwise delete the column, or write numbers: for categories a column of 0 "
            "and 1 for each, for dates the days since the first. "
        )
        if row == 0 and line == 1:
            advice += "If this is the line of names, say header=True, or name the target."
    return InvalidInputError(
        f"{path} must hold numbers in every column but the target. Got {cell!r} in row {row} "
        f"(counted from 0; line {line} of the file), column {name!r}{others}. {advice.strip()}"
    )
