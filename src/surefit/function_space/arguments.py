"""What is given to a `FunctionSpace`, as float64 arrays of matching shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Array, Shaped

from surefit.errors import InvalidInputError

__all__ = [
    "Given",
    "as_columns",
    "as_matrix",
    "require_ridge",
    "require_steps",
    "require_symmetric",
    "require_time",
]

_ASYMMETRY = 1e-8  # of the largest entry: what products in another order leave is far below

# Of any shape, so that what does not fit is explained and not a failed type check.
Given = Shaped[Array, "..."] | Shaped[np.ndarray, "..."]


def _finite(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must hold real numbers. Got dtype {array.dtype}. Kernels "
            "and targets are numbers; encode classes first, for example by "
            "`surefit.data.label_code`."
        )
    if array.dtype == np.float32:
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must be float64. Got float32. Its rounding, 1e-7 of the "
            "largest eigenvalue, is larger than the small eigenvalues that decide what is learnt "
            "late. Compute the kernel with 64-bit JAX (`jax.enable_x64(True)`)."
        )
    array = array.astype(np.float64, copy=False).view()
    bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
    if bad.size:
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must be finite. Got NaN or infinity in rows "
            f"{bad[:10].tolist()}{' and more' if bad.size > 10 else ''}. Predictions are linear in "
            "it, and all of them would be NaN. Remove these points."
        )
    array.flags.writeable = False
    return array


def as_matrix(name: str, value: Any, shape: tuple[int | None, int | None]) -> np.ndarray:
    """A kernel matrix; None in `shape` is any number.

    Raises:
        InvalidInputError: it is no matrix of that shape, or not finite float64.
    """
    found = np.shape(value)
    fits = len(found) == 2 and all(
        length == wanted or wanted is None for length, wanted in zip(found, shape, strict=True)
    )
    if not fits or 0 in found:
        wanted = " x ".join("any" if length is None else str(length) for length in shape)
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must be a matrix of shape {wanted}. Got shape {found}. "
            "Rows of k_train and k_test_train's columns are the training points, rows of "
            "k_test_train and k_test the test points. Give one row per point."
        )
    return _finite(name, value)


def require_symmetric(name: str, matrix: np.ndarray) -> None:
    """Refuse a kernel of points with themselves of which only a triangle would be read.

    Raises:
        InvalidInputError: it is not symmetric.
    """
    size = float(np.abs(matrix).max())
    worst = float(np.abs(matrix - matrix.T).max())
    if worst > _ASYMMETRY * size:
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must be symmetric. Got entries that differ by "
            f"{worst:.3g} from those across the diagonal, the largest being {size:.3g}. It is the "
            "kernel of points with themselves. Pass the whole matrix, not a triangle of it."
        )


def as_columns(name: str, value: Any, rows: int, columns: int | None = None) -> np.ndarray:
    """Targets or outputs, one column each; (n,) counts as one column.

    Raises:
        InvalidInputError: the shape is another one, or an entry is not finite.
    """
    found = np.shape(value)
    if len(found) == 1:
        found = (*found, 1)
    if len(found) != 2 or found[0] != rows or 0 in found or (columns or found[1]) != found[1]:
        wanted = "k" if columns is None else str(columns)
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must have shape ({rows}, {wanted}). Got shape "
            f"{np.shape(value)}. It belongs to the points of the kernel matrix, one row per point "
            "and one column per output. Pass as many rows as k_train has."
        )
    return _finite(name, value).reshape(found)


def require_time(time: float, call: str) -> float:
    """A time from 0 to infinity.

    Raises:
        InvalidInputError: it is negative or NaN.
    """
    if not time >= 0.0:
        raise InvalidInputError(
            f"`{call}` must be at least 0. Got {time}. Training starts at time 0. Write 0.0 for "
            "the start, or `math.inf` for the limit."
        )
    return float(time)


def require_steps(steps: int, step_size: float, call: str) -> None:
    """A number of steps and their size.

    Raises:
        InvalidInputError: a negative or fractional number of steps, or a step not above 0.
    """
    if steps != int(steps) or steps < 0:
        raise InvalidInputError(
            f"`{call}(steps=...)` must be a whole number of at least 0. Got {steps}. Descent makes "
            "whole steps; `at` takes any time. Write 100, say."
        )
    if not 0.0 < step_size < math.inf:
        raise InvalidInputError(
            f"`{call}(step_size=...)` must be positive and finite. Got {step_size}. It multiplies "
            "the gradient. Leave it out for the safe one, 1 over the largest eigenvalue."
        )


def require_ridge(ridge: float, name: str) -> float:
    """A ridge or a variance of noise.

    Raises:
        InvalidInputError: it is negative or not finite.
    """
    if not 0.0 <= ridge < math.inf:
        raise InvalidInputError(
            f"`FunctionSpace({name}=...)` must be finite and at least 0. Got {ridge}. It is added "
            "to the eigenvalues of the kernel. Write 0.0 for none."
        )
    return float(ridge)
