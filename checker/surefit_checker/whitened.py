r"""Norms in the metric of a kernel: $\lVert\tilde K^{-1/2}A\rVert$, $\tilde K$ close to K.

$\tilde K = \tilde QD\tilde Q^\top$ has the float eigenvalues D of K and the orthogonal polar factor
$\tilde Q = QS^{-1}$ of their float eigenvectors Q; nothing is taken from LAPACK on trust
(docs/certificates/initialisation.md, Lemma 6).
"""

import dataclasses

import numpy as np

from surefit_checker.ball import Ball, U, gamma, norm, up
from surefit_checker.spectrum import largest_eigenvalues, operator_bounds
from surefit_checker.verdict import UndecidedError

CHUNK = 2**20  # numbers in a product: few enough for caches, enough for one large product


@dataclasses.dataclass(frozen=True)
class Metric:
    r"""The metric of a kernel.

    Args:
        d: eigenvalues of $\tilde K$, ascending.
        q: Q.
        tilt: $\tau$, at least $\lVert Q^\top Q - I\rVert$.
        w: within 4u, entry by entry, of $W = D^{-1/2}Q^\top$.
        stretch: $\lVert\tilde K^{-1/2}A\rVert$ is at most so many times $\lVert WA\rVert$.
        error: at least $\lVert\tilde K^{-1/2}K\tilde K^{-1/2} - I\rVert$.
    """

    d: np.ndarray
    q: np.ndarray
    tilt: float
    w: np.ndarray
    stretch: float
    error: float

    def column_norms(self, a: Ball) -> np.ndarray:
        r"""Bounds of $\lVert\tilde K^{-1/2}a_j\rVert$ for the columns of a matrix."""
        y = Ball(self.w, 4 * U * np.abs(self.w)) @ a
        return up(self.stretch * norm(y.mag(), 0), 1)

    def feature_norms(self, scales: Ball, x: Ball) -> np.ndarray:
        r"""Bounds of $\lVert\tilde K^{-1/2}\operatorname{diag}(s_j)X\rVert$ for columns $s_j$."""
        n, p = x.shape
        found = np.empty(scales.shape[1])
        rows, size = norm(x.mag(), 1)[:, None], float(norm(np.abs(self.w)))
        exact = bool(not x.rad.any())
        unsure = 0.0 if exact else norm(x.rad, 1)[:, None]
        chunk = max(1, CHUNK // (n * p))
        for start in range(0, len(found), chunk):
            s = scales[:, start : start + chunk]
            a = s.mid[:, :, None] * x.mid[:, None]
            y = (self.w @ a.reshape(n, -1)).reshape(a.shape)
            gram = y.transpose(1, 2, 0) @ y.transpose(1, 0, 2)
            trace = up(np.trace(gram, axis1=1, axis2=2), p)
            trace = up(trace * (1 + 2 * gamma(n)), 2)  # at least the square of y's Frobenius norm
            square = largest_eigenvalues(Ball(gram)) + gamma(n) * trace
            # Of the products of scales and x, and of those with w.
            wrong = norm(up(s.rad * rows + s.mag() * (2 * U * rows + unsure), 5), 0)
            wrong = wrong + gamma(n + 8) * norm(up(s.mag() * rows, 1), 0)
            largest = np.sqrt(up(np.minimum(square, trace), 3))
            found[start : start + chunk] = up(largest + 1.01 * size * wrong, 6)
        return up(self.stretch * found, 1)


def metric(kernel: Ball) -> Metric:
    r"""The metric of a kernel, with $\tilde K$ made from its float eigenvectors.

    Raises:
        UndecidedError: the kernel is not known to be positive definite.
    """
    n = kernel.shape[0]
    d, q = np.linalg.eigh(0.5 * (kernel.mid + kernel.mid.T))
    tilt = float(operator_bounds(Ball(q.T) @ Ball(q) - Ball(np.eye(n))))
    if not (d[0] > 0 and (np.diff(d) >= 0).all() and tilt < 0.5):
        raise UndecidedError(f"the tangent kernel may be singular: an eigenvalue of {d[0]:.3g}")
    w = q.T / np.sqrt(d)[:, None]
    whole = Ball(w, 4 * U * np.abs(w))
    rest = float(operator_bounds(whole @ kernel @ whole.T - Ball(np.eye(n))))
    turn = float(up(tilt * np.sqrt(d[-1] / d[0]), 4))
    error = float(up(rest + (1.0 + rest) * turn * (2.0 + turn), 6))
    if not error < 0.5:
        raise UndecidedError(
            f"the spectrum of the tangent kernel is too wide, from {d[0]:.3g} to {d[-1]:.3g}"
        )
    return Metric(d, q, tilt, w, float(up(1.0 + turn, 1)), error)
