"""Hypotheses about the directions and norms of the inputs of implicit networks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check, Sense
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.theory.setting import Setting

__all__ = ["distinct_directions"]

_BLOCK = 1024


def distinct_directions(setting: Setting) -> Check:
    r"""$x_i \ne c\,x_j$ for $i \ne j$ and $c > 0$: the smallest $\|u_i - u_j\|$ is positive.

    The papers exclude opposite inputs as well. For the rectifier that is not needed: $\sigma(w^\top
    x)$ and $\sigma(-w^\top x)$ are independent features, and $\{x, -x\}$ has $\lambda_0 = 1/2$.
    Opposite inputs are named in the note and do not fail.

    Cost: $n^2 d$ operations in blocks of rows.
    """
    name = "min || u_i - u_j || over i != j"
    rows, norms = _rows(setting), setting.input_norms
    if np.any(norms == 0.0):
        note = f"row {int(np.argmin(norms))} is zero and has no direction"
        return Check(name, 0.0, 0.0, Sense.GREATER, note=note)
    if len(rows) == 1:
        return Check(name, np.inf, 0.0, Sense.GREATER, note="a single row is parallel to none")
    units = rows / norms[:, None]
    (i, j), (p, q) = _extremes(units)
    distance = float(np.linalg.norm(units[i] - units[j]))
    error = 0.0 if np.array_equal(rows[i], rows[j]) else 8.0 * UNIT_ROUNDOFF
    note = f"closest are rows {i} and {j}"
    if np.linalg.norm(units[p] + units[q]) <= 8.0 * UNIT_ROUNDOFF:
        note += (
            f"; rows {p} and {q} are opposite, which the paper excludes and the proof for the "
            "rectifier does not need"
        )
    return Check(name, distance, 0.0, Sense.GREATER, error=error, note=note)


def _rows(setting: Setting) -> Float[np.ndarray, "n d"]:
    return np.asarray(setting.problem.x).reshape(setting.problem.samples, -1)


def _extremes(units: Float[np.ndarray, "n d"]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The pairs of different rows with the largest and with the smallest inner product."""
    best, pairs = [-np.inf, -np.inf], [(0, 1), (0, 1)]
    for start in range(0, len(units), _BLOCK):
        products = units[start : start + _BLOCK] @ units.T
        local = np.arange(len(products))
        for which, signed in enumerate((products, -products)):
            signed[local, start + local] = -np.inf
            i, j = divmod(int(np.argmax(signed)), len(units))
            if signed[i, j] > best[which]:
                best[which], pairs[which] = float(signed[i, j]), (start + i, j)
    return pairs[0], pairs[1]
