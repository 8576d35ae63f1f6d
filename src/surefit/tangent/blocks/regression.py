r"""Kernel ridge regression by preconditioned conjugate gradients over stored blocks."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from surefit.errors import InvalidInputError
from surefit.tangent.blocks.kernels import BlockKernel
from surefit.tangent.blocks.preconditioner import partial_cholesky
from surefit.tangent.blocks.product import BlockProduct
from surefit.tangent.blocks.store import GramStore

__all__ = ["RidgeFit", "kernel_ridge", "predict"]


@dataclasses.dataclass(frozen=True)
class RidgeFit:
    r"""What solves $(K + \lambda I)\alpha = y$.

    Args:
        coefficients: $\alpha$.
        residuals: $\|y - (K + \lambda I)\alpha\|/\|y\|$ of every column, evaluated at the end.
        iterations: products with the matrix.
        converged: whether all residuals are within the tolerance.
        rank: of the preconditioner.
        message: what happened.
    """

    coefficients: Float[np.ndarray, "n k"]
    residuals: Float[np.ndarray, " k"]
    iterations: int
    converged: bool
    rank: int
    message: str


def kernel_ridge(
    store: GramStore,
    y: Any,
    ridge: float,
    *,
    rank: int | None = None,
    tolerance: float = 1e-8,
    max_iterations: int = 1000,
    seed: int = 0,
    client: Any = None,
    held_bytes: int = 0,
) -> RidgeFit:
    r"""$\alpha = (K + \lambda I)^{-1}y$ for a matrix on disk.

    The preconditioner is $FF^\top + \mu I$ with a partial Cholesky factor $F$ and $\mu$ the ridge
    plus the mean of what the factor leaves of the diagonal.

    Args:
        store: $K$, complete.
        y: targets, (n,) or (n, k); all columns are solved at once.
        ridge: $\lambda \ge 0$.
        rank: of the preconditioner; None: about $2\sqrt n$. 0: none.
        tolerance: on the relative residual of every column.
        max_iterations: products with the matrix at most.
        seed: of the pivots of the preconditioner.
        client: as for `BlockProduct`.
        held_bytes: as for `BlockProduct`.

    Returns:
        The coefficients, with the residuals as they are: a solve that did not reach the tolerance
        has `converged` False and says why.

    Raises:
        InvalidInputError: targets that do not fit, a negative ridge, a tolerance not in (0, 1).
        StorageError: blocks are missing.

    Cost:
        Per iteration a product with the matrix; see `BlockProduct`.

    References:
        J. Frangella, J. Tropp, M. Udell, Randomized Nystrom preconditioning, SIAM J. Matrix Anal.
        Appl. 44 (2023) 718-752, section 5.
    """
    y = np.asarray(y, np.float64)
    _require(store, y, ridge, tolerance)
    y = y[:, None] if y.ndim == 1 else y
    rank = min(store.rows, math.ceil(2 * math.sqrt(store.rows))) if rank is None else rank
    factor = partial_cholesky(store, rank, seed) if rank else None
    own = BlockProduct(store, client, held_bytes)

    def system(v: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        return own(v) + ridge * v

    alpha, steps, definite = _descend(system, _inverse(factor, ridge), y, tolerance, max_iterations)
    residuals = _norms(y - system(alpha)) / np.where(_norms(y) > 0, _norms(y), 1.0)
    converged = bool((residuals <= tolerance).all())
    if converged:
        message = f"converged in {steps} iterations"
    elif not definite:
        message = (
            "the matrix plus the ridge is not positive definite in the precision of the store: "
            "take a larger ridge, or float64 blocks"
        )
    else:
        message = (
            f"residual {residuals.max():.1e} after {steps} iterations: allow more, or raise the "
            "rank of the preconditioner; blocks in float32 reach about 1e-7 times the condition"
        )
    columns = 0 if factor is None else factor.factor.shape[1]
    return RidgeFit(alpha, residuals, steps, converged, columns, message)


def predict(
    kernel: BlockKernel,
    x_test: Any,
    x: Any,
    coefficients: Float[np.ndarray, "n k"],
    *,
    block: int = 1024,
) -> Float[np.ndarray, "t k"]:
    r"""$K(x_*, x)\alpha$, block by block, nothing stored.

    Args:
        kernel: that of the store.
        x_test: $x_*$.
        x: the examples of the store.
        coefficients: $\alpha$.
        block: examples of either batch that are taken together.
    """
    tests, examples = np.asarray(x_test), np.asarray(x)
    total = np.zeros((len(tests), coefficients.shape[1]))
    for i in range(0, len(tests), block):
        for j in range(0, len(examples), block):
            part: Shaped[np.ndarray, "a b"] = kernel(tests[i : i + block], examples[j : j + block])
            total[i : i + block] += part.astype(np.float64) @ coefficients[j : j + block]
    return total


def _descend(
    system: Any, inverse: Any, y: Float[np.ndarray, "n k"], tolerance: float, most: int
) -> tuple[Float[np.ndarray, "n k"], int, bool]:
    """Conjugate gradients on all columns; whether the matrix showed itself positive definite."""
    alpha, r = np.zeros_like(y), y.copy()
    z = inverse(r)
    p, rz = z.copy(), np.sum(r * z, axis=0)
    # A little below the tolerance, because the recursion drifts away from the true residual.
    goal = 0.5 * tolerance * _norms(y)
    for step in range(most):
        active = _norms(r) > goal
        if not active.any():
            return alpha, step, True
        image = system(p)
        curvature = np.sum(p * image, axis=0)
        if (curvature[active] <= 0.0).any():
            return alpha, step + 1, False
        length = np.where(active, rz / np.where(curvature > 0, curvature, 1.0), 0.0)
        alpha += length * p
        r -= length * image
        z = inverse(r)
        new = np.sum(r * z, axis=0)
        p = z + np.where(active, new / np.where(rz != 0, rz, 1.0), 0.0) * p
        rz = new
    return alpha, most, True


def _inverse(factor: Any, ridge: float) -> Any:
    shift = ridge + factor.mean_remainder if factor is not None else 0.0
    if factor is None or factor.factor.shape[1] == 0 or shift <= 0.0:
        return lambda r: r
    basis, weights = factor.inverse(shift)
    return lambda r: (r - basis @ (weights[:, None] * (basis.T @ r))) / shift


def _norms(v: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    return np.linalg.norm(v, axis=0)


def _require(store: GramStore, y: np.ndarray, ridge: float, tolerance: float) -> None:
    if y.ndim not in (1, 2) or len(y) != store.rows or not np.isfinite(y).all():
        raise InvalidInputError(
            f"`kernel_ridge(y=...)` must have a finite row per example. Got shape {y.shape} for a "
            f"matrix of {store.rows} rows. Every example has a target. Pass (n,) or (n, k), "
            "without NaN."
        )
    if not 0.0 <= ridge < math.inf:
        raise InvalidInputError(
            f"`kernel_ridge(ridge=...)` must be a finite number >= 0. Got {ridge}. It is added to "
            "all eigenvalues; a negative one may make the system indefinite. Write 1e-6."
        )
    if not 0.0 < tolerance < 1.0:
        raise InvalidInputError(
            f"`kernel_ridge(tolerance=...)` must lie between 0 and 1. Got {tolerance}. It bounds "
            "the residual relative to the targets. Write 1e-8."
        )
