"""A table of runs as one file, CSV or Parquet, for pandas, DuckDB or a spreadsheet.

A column has the same type in every file: text, 64-bit integer, 64-bit float, or true/false. In CSV
an absent value is an empty field, and infinity is `inf`; in Parquet it is null. A number that is
not one (NaN) is absent in both.
"""

from __future__ import annotations

import csv
import io
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surefit.core.tidy import COLUMNS, column_type
from surefit.errors import InvalidInputError, MissingDependencyError, StorageError

__all__ = ["csv_text", "export_table"]


def export_table(
    rows: Sequence[Mapping[str, Any]], path: Path | str, columns: Sequence[str] | None = None
) -> Path:
    """Write rows as `.csv` or `.parquet`; the file appears whole or not at all.

    Args:
        rows: as of `Store.table`.
        path: the file; one that is there is replaced.
        columns: which ones, in this order; None: those of the rows.

    Raises:
        InvalidInputError: the file name ends in something else.
        MissingDependencyError: Parquet is asked for and pyarrow is not installed.
        StorageError: the file cannot be written.
    """
    path = Path(path).expanduser()
    writers = {".csv": _csv_bytes, ".parquet": _parquet_bytes}
    if path.suffix.lower() not in writers:
        raise InvalidInputError(
            f"`export_table(path=...)` must end in .csv or .parquet. Got {path.name!r}. The ending "
            "says what is written: CSV, which everything reads, or Parquet, which keeps the types "
            "of columns. Write for example `runs.csv`."
        )
    if columns is None:
        columns = list(rows[0]) if rows else [column.name for column in COLUMNS]
    content = writers[path.suffix.lower()](rows, columns)
    _write_whole(path, content)
    return path


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """The rows as CSV with a line of column names."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    kinds = {name: column_type(name, rows) for name in columns}
    for row in rows:
        writer.writerow([_field(row.get(name), kinds[name]) for name in columns])
    return file.getvalue()


def _field(value: Any, kind: type) -> str:
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    return repr(kind(value)) if kind in (int, float) else str(value)


def _csv_bytes(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    return csv_text(rows, columns).encode("utf-8", errors="replace")


def _parquet_bytes(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as cause:
        raise MissingDependencyError(
            "`export_table(path=...)` must have pyarrow for a .parquet file. Got an installation "
            "without it. It is an extra. Install it with `pip install 'surefit[parquet]'`, or "
            "write a .csv file."
        ) from cause
    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    about = {column.name: column for column in COLUMNS}
    fields, arrays = [], []
    for name in columns:
        kind = column_type(name, rows)
        cells = [None if row.get(name) is None else kind(row[name]) for row in rows]
        told = {"meaning": about[name].meaning, "unit": about[name].unit} if name in about else None
        fields.append(pyarrow.field(name, types[kind], metadata=told))
        arrays.append(pyarrow.array(cells, types[kind]))
    table = pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as cause:
        raise StorageError(
            f"`export_table(path=...)` must name a file that can be written. Got {path}: "
            f"{cause.strerror or cause}. What was there before is as it was. Choose another "
            "place, or make room."
        ) from cause
