"""What a matrix must be before a spectrum is computed from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.errors import InvalidInputError

__all__ = ["check_error", "finite_matrix", "symmetric_matrix"]

# Two orders of summation of one inner product differ by a relative 2 p u at most; 1e-10 leaves
# room for p of several hundred thousand and still tells float32 data (1e-7) apart.
_ASYMMETRY = 1e-10
_ROWS_SHOWN = 8


def check_error(error: float, call: str) -> None:
    """Refuse a perturbation bound that is negative, infinite or NaN."""
    if not 0.0 <= error < math.inf:
        raise InvalidInputError(
            f"`{call}(error=...)` must be a finite number >= 0. Got {error}. It bounds the "
            "distance in operator norm between the matrix given and the one that is meant. Pass "
            "0.0 if the given matrix is the one that is meant."
        )


def finite_matrix(matrix: Any, call: str) -> Float[np.ndarray, "rows columns"]:
    """`matrix` as a NumPy array, refused unless float64, two-dimensional, not empty and finite.

    Args:
        matrix: a NumPy or JAX array, or nested lists of floats.
        call: what to name in messages ("symmetric_spectrum(matrix=...)").

    Raises:
        InvalidInputError: as above, with the offending dtype, shape or rows.
    """
    array = np.asarray(matrix)
    if array.dtype != np.float64:
        raise InvalidInputError(
            f"`{call}` must have dtype float64. Got {array.dtype}. In lower precision the small "
            "eigenvalues of a Gram matrix come out with the wrong sign, and a cast afterwards "
            "does not bring the digits back. Compute the matrix in float64 from the data on: "
            "cast the data with `surefit.core.precision.as_float64`."
        )
    if array.ndim != 2 or array.size == 0:
        raise InvalidInputError(
            f"`{call}` must be a matrix with at least one row and one column. Got shape "
            f"{array.shape}. Norms and eigenvalues here are those of matrices. Reshape it to two "
            "axes."
        )
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        shown = ", ".join(map(str, bad[:_ROWS_SHOWN])) + (", ..." if bad.size > _ROWS_SHOWN else "")
        raise InvalidInputError(
            f"`{call}` must be finite. Got NaN or infinity in {bad.size} of {len(array)} rows: "
            f"{shown}. One such entry makes every eigenvalue meaningless. Look at these samples, "
            "and at the size of the weights: an overflow in the network is the usual cause."
        )
    return array


def symmetric_matrix(matrix: Any, call: str) -> tuple[Float[np.ndarray, "n n"], bool]:
    r"""The symmetric part $(K + K^\top)/2$ of a matrix that is symmetric up to rounding.

    Args:
        matrix: as for `finite_matrix`.
        call: what to name in messages.

    Returns:
        The symmetric part, and whether it differs from `matrix` (then each of its entries carries
        one rounding). A matrix that is symmetric already is returned as it is, not copied.

    Raises:
        InvalidInputError: not a finite square float64 matrix, or asymmetric beyond rounding.
    """
    array = finite_matrix(matrix, call)
    if array.shape[0] != array.shape[1]:
        raise InvalidInputError(
            f"`{call}` must be square. Got shape {array.shape}. Only a square symmetric matrix has "
            "the real spectrum that is asked for. For a Jacobian J pass the Gram matrix J @ J.T."
        )
    if np.array_equal(array, array.T):
        return array, False
    with np.errstate(over="ignore"):
        asymmetry = float(np.max(np.abs(array - array.T)))
    scale = float(np.max(np.abs(array)))
    if asymmetry > _ASYMMETRY * scale:
        raise InvalidInputError(
            f"`{call}` must be symmetric. Got max |K - K^T| = {asymmetry:.3g} where max |K| = "
            f"{scale:.3g}. That is more than float64 rounding makes, so the matrix is no Gram "
            "matrix of these samples, or was computed in lower precision. Check how it was "
            "computed; if the asymmetry is meant to be ignored, pass (K + K.T) / 2."
        )
    return array / 2 + array.T / 2, True
