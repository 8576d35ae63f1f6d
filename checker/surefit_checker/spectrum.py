"""Bounds of eigenvalues and operator norms, by witnesses: nothing is taken from LAPACK on trust."""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.ball import FLOOR, Ball, U, float_up, norm, up

LARGE = 3000  # matrices beyond this get cheap bounds of their operator norm


def least_eigenvalue(k: Ball) -> float:
    r"""A lower bound of $\lambda_{\min}$ of a symmetric matrix; -inf if none is found.

    For any L: $\lambda_{\min}(K) \ge t - \lVert K - tI - LL^\top\rVert$. L is a float Cholesky
    factor; the norm is bounded entry by entry, whatever L is.
    """
    mid = 0.5 * k.mid + 0.5 * k.mid.T
    rad = up(np.maximum(k.rad, k.rad.T) + np.abs(mid - k.mid), 3)
    n, best = mid.shape[0], -np.inf
    eigenvalues = np.linalg.eigvalsh(mid)
    size = max(float(np.max(np.abs(eigenvalues))), FLOOR)
    for slack in (2.0, 16.0, 128.0):
        t = float(eigenvalues[0]) - slack * (np.sqrt(n) + 4) * 4 * U * size
        shifted = Ball(mid, rad) - Ball(t * np.eye(n))
        try:
            factor = np.linalg.cholesky(shifted.mid)
        except np.linalg.LinAlgError:
            continue
        lower = t - operator_bound(shifted - Ball(factor) @ Ball(factor).T)
        best = max(best, lower - 2 * U * abs(lower))
        break
    return best


def operator_bound(a: Ball) -> float:
    r"""The smaller of $\lVert A\rVert_F$ and $\sqrt{\lVert A\rVert_1\lVert A\rVert_\infty}$."""
    mag = a.mag()
    sums = [float(np.max(up(np.sum(mag, axis), mag.shape[axis]))) for axis in (0, 1)]
    return min(float(norm(mag)), float(up(np.sqrt(sums[0]) * np.sqrt(sums[1]), 4)))


def operator_norm(a: Ball) -> float:
    r"""An upper bound of $\lVert A\rVert$, sharp up to rounding."""
    if min(a.shape) > LARGE or 1 in a.shape:
        return operator_bound(a)
    gram = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    square = -least_eigenvalue(-gram)
    if not square < np.inf:
        return operator_bound(a)
    return float_up(arb(max(square, FLOOR)).sqrt())


def row_norms(a: Ball) -> np.ndarray:
    """Upper bounds of the Euclidean norms along the last axis."""
    return norm(a.mag(), -1)


def perron(q: np.ndarray, rounds: int = 60) -> float:
    """An upper bound of the norm of a symmetric non-negative matrix (Collatz-Wielandt)."""
    w = np.ones(q.shape[0])
    for _ in range(rounds):
        w = q @ w + 1e-9 * np.max(w)
        w = w / np.max(w)
    w = np.maximum(w, 1e-6)
    return float(np.max(up(up(q @ w, len(w)) / w, 1)))
