"""Euclidean norms of rows, safe at both ends of the range of float64."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from surefit.data.rows import RowsError

__all__ = ["refuse_zero_rows", "row_norms", "unit_rows"]


def _scales(rows: np.ndarray) -> np.ndarray:
    # Powers of two, so that dividing by them is exact; the largest entry ends up in [1, 2).
    largest = np.max(np.abs(rows), axis=1)
    return np.where(largest > 0.0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)


def row_norms(x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, " n"]:
    """Euclidean norms of the flattened rows, without overflow or underflow on the way."""
    rows = x.reshape(len(x), -1)
    scales = _scales(rows)
    return scales * np.linalg.norm(rows / scales[:, None], axis=1)


def unit_rows(x: Float64[np.ndarray, "n ..."], what: str) -> Float64[np.ndarray, "n ..."]:
    """The rows divided by their norms.

    Args:
        x: rows of any shape.
        what: what to call them in the message.

    Raises:
        InvalidInputError: a row is zero; the message names the rows.
    """
    rows = x.reshape(len(x), -1)
    refuse_zero_rows(rows, what)
    rows = rows / _scales(rows)[:, None]
    return (rows / np.linalg.norm(rows, axis=1)[:, None]).reshape(x.shape)


def refuse_zero_rows(rows: Float64[np.ndarray, "n d"], what: str) -> None:
    """Raise if a row is zero, naming the rows.

    Raises:
        InvalidInputError: a row is zero.
    """
    zero = np.flatnonzero(~rows.any(axis=1))
    if zero.size:
        raise RowsError(
            f"{what} must be given rows that are not zero. Got zero in {{rows}} (counted from 0). "
            "A zero input has no direction, and a network without biases maps it to zero whatever "
            "its weights. Remove these rows.",
            zero,
        )
