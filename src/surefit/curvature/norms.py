r"""Upper bounds on the norms of one matrix under many diagonal weightings, all at once.

Each function takes the weightings as the columns of an array, one per hidden feature, and costs a
few matrix products. The bounds hold for every choice of test vectors; iterating makes them tight.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

__all__ = [
    "operator_norm",
    "operator_norms",
    "perron_bounds",
    "weighted_norm",
    "weighted_norm_bounds",
]

Columns = Float[np.ndarray, "n q"]

_FLOOR = 1e-12


def perron_bounds(
    matrix: Float[np.ndarray, "n n"], weights: Columns, steps: int
) -> Float[np.ndarray, " q"]:
    r"""Upper bounds on $\lambda_{\max}(D_jMD_j)$ for an entrywise non-negative symmetric $M$.

    $D_jMD_j$ has the eigenvalues of the non-negative matrix $MD_j^2$, and the spectral radius of a
    non-negative matrix is at most $\max_i (MD_j^2v)_i/v_i$ for every positive $v$
    (Collatz-Wielandt). Power steps make $v$ nearly the Perron vector.

    Args:
        matrix: $M$.
        weights: column j is the diagonal of $D_j$; signs do not matter.
        steps: power steps before the bound is read off.

    References:
        R. A. Horn and C. R. Johnson, Matrix Analysis, 2nd ed., Corollary 8.1.31.
    """
    square = weights**2
    vector = np.ones_like(square)
    for _ in range(steps):
        vector = matrix @ (square * vector)
        largest = np.max(vector, axis=0, keepdims=True)
        vector = np.maximum(vector / np.where(largest > 0, largest, 1.0), _FLOOR)
    return np.max((matrix @ (square * vector)) / vector, axis=0)


def weighted_norm_bounds(
    x: Float[np.ndarray, "n d"], entries: Float[np.ndarray, "n n"], weights: Columns, steps: int
) -> Float[np.ndarray, " q"]:
    r"""Upper bounds on $\lVert D_jX\rVert_2$.

    With a unit vector $v$ the symmetric matrix $S = D_jXX^\top D_j$ splits into the number
    $\theta = v^\top Sv$, the coupling $c = \lVert Sv - \theta v\rVert$ and a rest whose Frobenius
    norm is $g = (\lVert S\rVert_F^2 - \theta^2 - 2c^2)^{1/2}$. Hence

    $$\lambda_{\max}(S) \le \tfrac12\left(\theta + g + \sqrt{(\theta - g)^2 + 4c^2}\right),$$

    which is sharp where one eigenvalue dominates and never worse than $\lVert S\rVert_F$.

    Args:
        x: $X$.
        entries: the squares of the entries of $XX^\top$, which give $\lVert S\rVert_F$.
        weights: column j is the diagonal of $D_j$.
        steps: power steps for $v$.
    """

    def image(vector: Columns) -> Columns:
        return weights * (x @ (x.T @ (weights * vector)))

    start = np.random.default_rng(0).standard_normal((weights.shape[0], 1))
    vector = weights * start + _FLOOR
    for _ in range(steps):
        vector = vector / np.linalg.norm(vector, axis=0, keepdims=True)
        vector = image(vector) + _FLOOR * vector
    vector = vector / np.linalg.norm(vector, axis=0, keepdims=True)
    moved = image(vector)
    theta = np.sum(vector * moved, axis=0)
    coupling = np.sum((moved - theta[None, :] * vector) ** 2, axis=0)
    square = weights**2
    frobenius = np.sum(square * (entries @ square), axis=0)
    rest = np.sqrt(np.maximum(frobenius - theta**2 - 2 * coupling, 0.0) + 1e-13 * frobenius)
    bound = 0.5 * (theta + rest + np.sqrt((theta - rest) ** 2 + 4 * coupling))
    return np.sqrt(np.minimum(bound, np.sqrt(frobenius)))


def weighted_norm(x: Float[np.ndarray, "n d"], weights: Columns) -> Float[np.ndarray, " q"]:
    r"""$\lVert D_jX\rVert_2$ from the eigenvalues of the smaller of the two Gram matrices.

    Cost: $\min(n, d)^3$ operations per column.
    """
    scaled = np.transpose(weights)[:, :, None] * x[None]
    left = x.shape[0] <= x.shape[1]
    gram = scaled @ scaled.transpose(0, 2, 1) if left else scaled.transpose(0, 2, 1) @ scaled
    return np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[:, -1], 0.0))


def operator_norm(matrix: Float[np.ndarray, "a b"]) -> float:
    r"""An upper bound of $\lVert M\rVert_2$, good to about $10^{-12}$."""
    return float(operator_norms(matrix[None])[0])


def operator_norms(matrices: Float[np.ndarray, "q a b"]) -> Float[np.ndarray, " q"]:
    r"""Upper bounds of $\lVert M_q\rVert_2$ from the eigenvalues of the smaller Gram matrices.

    Eigenvalue solver and Gram product err by less than $10^{-13}$ of the trace; the bound is
    inflated by that.

    Cost: $\min(a, b)^2\max(a, b)$ operations per matrix.
    """
    a, b = matrices.shape[1:]
    transposed = matrices.transpose(0, 2, 1)
    if a == 1 or b == 1:
        return np.sqrt(np.sum(matrices**2, axis=(1, 2))) * (1 + 1e-13)
    gram = matrices @ transposed if a <= b else transposed @ matrices
    trace = np.trace(gram, axis1=1, axis2=2)
    return np.sqrt(np.linalg.eigvalsh(gram)[:, -1] + 1e-13 * trace)
