"""Bounds of eigenvalues and operator norms, by witnesses: nothing is taken from LAPACK on trust."""

import numpy as np

from surefit_checker.ball import FLOOR, Array, Ball, U, norm, up

LARGE = 3000  # matrices beyond this get cheap bounds of their operator norm
SHARP = 128  # rows or columns up to which norms of single samples and witnesses are sharp


def least_eigenvalues(k: Ball, about: np.ndarray) -> np.ndarray:
    r"""Lower bounds of $\lambda_{\min}$ of a stack of symmetric matrices; -inf if none is found.

    For any L: $\lambda_{\min}(K) \ge t - \lVert K - tI - LL^\top\rVert$. L is a float Cholesky
    factor; the norm is bounded entry by entry, whatever L is. `about` the eigenvalues, in any order
    and on trust: t is a little below them.
    """
    n, size = k.shape[-1], np.maximum(np.max(np.abs(about), -1), FLOOR)
    for slack in (2.0, 16.0, 128.0):
        t = np.min(about, -1) - slack * (np.sqrt(n) + 4) * 4 * U * size
        shifted = k - Ball(t[..., None, None] * np.eye(n))
        try:
            # Of large factors the cheap product is enough, which a radius asks for.
            factor = Ball(np.linalg.cholesky(shifted.mid), FLOOR * (n > SHARP))
        except np.linalg.LinAlgError:
            continue
        lower = t - operator_bounds(shifted - factor @ factor.T)
        return lower - 2 * U * np.abs(lower)
    return np.full(k.shape[:-2], -np.inf)


def extreme_eigenvalues(k: Array) -> tuple[float, float]:
    """At most the least one of a symmetric matrix, and at least the largest."""
    if not isinstance(k, Ball):
        return k.least_eigenvalue(), -(-k).least_eigenvalue()
    about = np.linalg.eigvalsh(k.mid)
    return float(least_eigenvalues(k, about)), -float(least_eigenvalues(-k, -about))


def largest_eigenvalues(k: Ball) -> np.ndarray:
    """Positive upper bounds of those of a stack of positive semidefinite matrices."""
    return np.maximum(-least_eigenvalues(-k, -np.linalg.eigvalsh(k.mid)), FLOOR)


def operator_bounds(a: Ball) -> np.ndarray:
    r"""The smaller of $\lVert A\rVert_F$ and $\sqrt{\lVert A\rVert_1\lVert A\rVert_\infty}$."""
    mag = a.mag()
    one, two = (np.max(up(np.sum(mag, axis), mag.shape[axis]), -1) for axis in (-2, -1))
    return np.minimum(norm(mag, (-2, -1)), up(np.sqrt(one) * np.sqrt(two), 4))


def operator_norms(a: Ball, sharp: int) -> np.ndarray:
    """Upper bounds of those of a stack of matrices, sharp if no more than so many rows or columns.

    They are roots of the largest eigenvalues of Gram matrices.
    """
    cheap, (rows, columns) = operator_bounds(a), a.shape[-2:]
    if not 1 < min(rows, columns) <= sharp:
        return cheap
    squares = largest_eigenvalues(a @ a.T if rows <= columns else a.T @ a)
    return np.minimum(cheap, up(np.sqrt(squares), 2))


def operator_norm(a: Ball) -> float:
    """Of one matrix."""
    return float(operator_norms(a, LARGE))


def row_norms(a: Ball) -> np.ndarray:
    """Upper bounds of the Euclidean norms along the last axis."""
    return norm(a.mag(), -1)


def perron(q: np.ndarray) -> float:
    """An upper bound of the norm of a symmetric non-negative matrix (Collatz's quotients)."""
    w = np.abs(np.linalg.eigh(q)[1][:, -1])
    # Any positive vector gives a bound; where the eigenvector vanishes a little has to be added.
    w = q @ w / max(float(np.max(q)), FLOOR) + 1e-9
    return float(np.max(up(up(q @ w, len(w)) / w, 1)))
