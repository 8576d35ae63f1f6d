"""Hypotheses about inputs and targets."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check, Sense
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.theory.setting import Setting

__all__ = ["bounded_targets", "no_parallel_inputs", "unit_norm_inputs"]

UNIT = 1e-12
"""How far a norm may be from 1 and still count as 1: float64 rows cannot be normalised exactly."""
_BLOCK = 1024


def unit_norm_inputs(setting: Setting) -> Check:
    r"""$\|x_i\| = 1$ for all $i$, up to 1e-12."""
    defects = np.abs(setting.input_norms - 1.0)
    row = int(np.argmax(defects))
    return Check(
        "max | ||x_i|| - 1 |",
        float(defects[row]),
        UNIT,
        Sense.AT_MOST,
        note=f"largest at row {row}; the preprocessing step unit_norm gives rows of norm 1",
    )


def bounded_targets(setting: Setting, bound: float = 1.0) -> Check:
    r"""$|y_i| \le C$ for all entries of the targets."""
    largest = float(np.max(np.abs(np.asarray(setting.problem.y))))
    return Check("max |y_i|", largest, bound, Sense.AT_MOST, note="targets of moderate size")


def no_parallel_inputs(setting: Setting) -> Check:
    r"""$x_i \ne c\,x_j$ for $i \ne j$ and every $c$: the smallest $\|u_i \pm u_j\|$ is positive.

    $u_i = x_i/\|x_i\|$. Rows that are equal or opposite bit by bit fail; rows whose distance is
    within rounding leave the check undecided.

    Cost: $n^2 d$ operations in blocks of rows.
    """
    rows = np.asarray(setting.problem.x).reshape(setting.problem.samples, -1)
    norms = setting.input_norms
    name = "min || u_i +- u_j || over i != j"
    if np.any(norms == 0.0):
        note = f"row {int(np.argmin(norms))} is zero and is parallel to every other row"
        return Check(name, 0.0, 0.0, Sense.GREATER, note=note)
    if len(rows) == 1:
        return Check(name, np.inf, 0.0, Sense.GREATER, note="a single row is parallel to none")
    i, j = _closest(rows / norms[:, None])
    first, second = rows[i] / norms[i], rows[j] / norms[j]
    distance = float(min(np.linalg.norm(first - second), np.linalg.norm(first + second)))
    exact = np.array_equal(rows[i], rows[j]) or np.array_equal(rows[i], -rows[j])
    error = 0.0 if exact else 8.0 * UNIT_ROUNDOFF
    note = f"closest up to sign are rows {i} and {j}"
    return Check(name, distance, 0.0, Sense.GREATER, error=error, note=note)


def _closest(units: Float[np.ndarray, "n d"]) -> tuple[int, int]:
    """The pair of unit rows with the largest absolute inner product."""
    best, pair = -1.0, (0, 1)
    for start in range(0, len(units), _BLOCK):
        products = np.abs(units[start : start + _BLOCK] @ units.T)
        local = np.arange(len(products))
        products[local, start + local] = -1.0
        flat = int(np.argmax(products))
        i, j = divmod(flat, len(units))
        if products[i, j] > best:
            best, pair = float(products[i, j]), (start + i, j)
    return pair
