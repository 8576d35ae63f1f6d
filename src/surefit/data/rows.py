"""Naming rows in messages, so that the reader can find them in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.errors import InvalidInputError

__all__ = ["RowsError", "list_rows"]


def list_rows(rows: Sequence[Any] | np.ndarray, limit: int = 8) -> str:
    """`row 3`; `rows 3 and 5`; `rows 0, 1, 2, 3, 4, 5, 6, 7 and 12 more`."""
    names = [str(row) for row in rows]
    if len(names) == 1:
        return f"row {names[0]}"
    if len(names) <= limit:
        return f"rows {', '.join(names[:-1])} and {names[-1]}"
    return f"rows {', '.join(names[:limit])} and {len(names) - limit} more"


class RowsError(InvalidInputError):
    """Some rows do not have the property that every row must have.

    Args:
        template: the message, with `{rows}` where the row numbers belong.
        rows: the row numbers, counted from 0.
    """

    def __init__(self, template: str, rows: Sequence[int] | np.ndarray) -> None:
        self.template, self.rows = template, tuple(int(row) for row in rows)
        super().__init__(template.replace("{rows}", list_rows(self.rows)))

    def renumbered(self, numbers: np.ndarray) -> RowsError:
        """The same error with row `i` called `numbers[i]`, for rows selected from a larger set."""
        return RowsError(self.template, numbers[list(self.rows)])
