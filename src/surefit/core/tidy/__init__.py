"""The runs of a store as one tidy table: a row per run, a column per number or field."""

from surefit.core.tidy.columns import ASKED, COLUMNS, RESULT_COLUMNS, Column, column_type, ordered
from surefit.core.tidy.row import tidy_row
from surefit.core.tidy.rows import tidy_rows

__all__ = [
    "ASKED",
    "COLUMNS",
    "RESULT_COLUMNS",
    "Column",
    "column_type",
    "ordered",
    "tidy_row",
    "tidy_rows",
]
