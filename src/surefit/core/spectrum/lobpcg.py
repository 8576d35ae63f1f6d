"""A few of the smallest eigenvalues of a symmetric operator at once, multiplicities included."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse.linalg
from jaxtyping import Float

from surefit.core.check import Evidence
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, down, frobenius_norm_bound, gamma, up
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.errors import InvalidInputError

__all__ = ["SmallestEigenvalues", "lobpcg_smallest"]

_ROUND = 10


@dataclasses.dataclass(frozen=True)
class SmallestEigenvalues:
    r"""A few of the smallest eigenvalues, ascending, as a block method sees them.

    Args:
        enclosures: one per eigenvalue, the upper ends certain, the lower ends sampled.
        vectors: orthonormal columns, the Ritz vectors.
        residual: a bound $e$ such that for certain *some* as many eigenvalues, counted with
            multiplicity, lie within $e$ of the values in order.
        iterations: how many block iterations were allowed in the end.
        converged: whether `residual` reached the tolerance.
    """

    enclosures: tuple[Enclosure, ...]
    vectors: Float[np.ndarray, "n k"] = dataclasses.field(repr=False)
    residual: float
    iterations: int
    converged: bool

    @property
    def values(self) -> Float[np.ndarray, " k"]:
        """The Ritz values."""
        return np.array([enclosure.value for enclosure in self.enclosures])


@float64
def lobpcg_smallest(
    op: SymmetricOperator,
    count: int,
    *,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int = 600,
    preconditioner: Callable[[Any], Any] | None = None,
) -> SmallestEigenvalues:
    r"""The smallest eigenvalues of a symmetric operator by LOBPCG from a random block.

    With $X$ the final block, $\Theta$ its Ritz values and $R = AX - X\Theta$:

    * For certain, the $i$-th smallest eigenvalue is at most $\theta_i$ up to rounding
      (Cauchy interlacing), and there are `count` eigenvalues $\mu_1 \le \mu_2 \le \dots$ with
      $|\mu_i - \theta_i| \le \|R\|_F / \sigma_{\min}(X)$.
    * That these are the smallest ones is `sampled`: it rests on the random start, and no bound on
      the probability of failure is known for this method (`failure_probability` is None). One more
      eigenvalue than needed is a cheap safeguard; `lanczos_extremes` gives a probability for the
      smallest.

    SciPy's implementation is used: JAX's `lobpcg_standard` does not find smallest eigenvalues and
    takes no preconditioner.

    Args:
        op: the operator.
        count: how many eigenvalues, at most a fifth of the size.
        seed: of the start block.
        tolerance: stop when the residual is below `tolerance` times the largest of the values in
            absolute size, or than rounding allows.
        max_iterations: block iterations in all. Where the tolerance is not reached, `converged` is
            False and the enclosures are as wide as they must be. Without a preconditioner a Gram
            matrix of condition 1e6 needs thousands.
        preconditioner: maps a vector $v$ to roughly $A^{-1}v$, symmetric and positive definite.

    Returns:
        The enclosures with vectors and residual.

    Raises:
        InvalidInputError: an argument out of range.
        NumericalError: a product is not finite, or of a size that cannot be squared.

    Cost:
        `count` products with the operator per iteration.

    References:
        A. V. Knyazev, Toward the optimal preconditioned eigensolver, SIAM J. Sci. Comput. 23 (2001)
        517-541; Parlett (1998), Theorem 10.1.1 (interlacing); Cao, Xie, Li (1996): see
        `symmetric_spectrum`.
    """
    _check_arguments(op, count, tolerance, max_iterations)
    linear = scipy.sparse.linalg.LinearOperator(
        (op.size, op.size), matvec=lambda v: op(np.ravel(v)), dtype=np.float64
    )
    inverse = None if preconditioner is None else _preconditioner(preconditioner, op.size)
    block = np.random.default_rng(seed).standard_normal((op.size, count))
    done, length = 0, _ROUND
    result = _rayleigh_ritz(op, block)
    # LOBPCG wants an absolute tolerance; rounds of growing length let it follow the values.
    while done < max_iterations:
        length = min(length, max_iterations - done)
        target = tolerance * float(np.max(np.abs(result.values))) / math.sqrt(count)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where the tolerance is not reached
            block = scipy.sparse.linalg.lobpcg(
                linear, result.vectors, M=inverse, tol=target / 2, maxiter=length, largest=False
            )[1]
        done, length = done + length, 2 * length
        result = _rayleigh_ritz(op, block)
        scale = float(np.max(np.abs(result.values)))
        if result.residual <= max(tolerance * scale, 2 * op.error * math.sqrt(count)):
            return dataclasses.replace(result, iterations=done, converged=True)
    return dataclasses.replace(result, iterations=done)


def _check_arguments(
    op: SymmetricOperator, count: int, tolerance: float, max_iterations: int
) -> None:
    if not 1 <= count <= op.size // 5:
        raise InvalidInputError(
            f"`lobpcg_smallest(count=...)` must lie between 1 and a fifth of the size. Got {count} "
            f"for size {op.size}. The method works in a space of three times as many dimensions. "
            "For so small an operator use `symmetric_spectrum(op.as_matrix())`."
        )
    if not 0.0 < tolerance < 1.0:
        raise InvalidInputError(
            f"`lobpcg_smallest(tolerance=...)` must be a relative size between 0 and 1. Got "
            f"{tolerance}. The residual is held against it. Pass 1e-6."
        )
    if max_iterations < 1:
        raise InvalidInputError(
            f"`lobpcg_smallest(max_iterations=...)` must be at least 1. Got {max_iterations}. "
            "Without an iteration the block is random. Leave it out."
        )


def _preconditioner(
    function: Callable[[Any], Any], size: int
) -> scipy.sparse.linalg.LinearOperator:
    return scipy.sparse.linalg.LinearOperator(
        (size, size), matvec=lambda v: np.asarray(function(np.ravel(v))), dtype=np.float64
    )


def _images(op: SymmetricOperator, block: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    return np.stack([op(column) for column in np.ascontiguousarray(block.T)], axis=1)


def _rayleigh_ritz(op: SymmetricOperator, block: Float[np.ndarray, "n k"]) -> SmallestEigenvalues:
    n, k = block.shape
    block = np.linalg.qr(block)[0]
    compressed = block.T @ _images(op, block)
    block = block @ np.linalg.eigh((compressed + compressed.T) / 2)[1]
    image = _images(op, block)  # of these very columns, so that nothing is inherited from rounding
    compressed = block.T @ image
    values = np.diagonal(compressed).copy()
    order = np.argsort(values)
    values, block, image = values[order], block[:, order], image[:, order]
    compressed = compressed[np.ix_(order, order)]

    size = frobenius_norm_bound(image)
    scaled = frobenius_norm_bound(values)
    length = frobenius_norm_bound(block)
    defect = frobenius_norm_bound(block.T @ block - np.eye(k)) + gamma(n + 2) * length**2
    # The Ritz values of the exact operator in the exact span: X^T A X against X^T X.
    compression = frobenius_norm_bound(compressed - np.diag(values))
    compression += gamma(n + 2) * length * size + op.error * length**2
    ritz = (compression + defect * (scaled + compression)) / (1.0 - defect)
    residual = frobenius_norm_bound(image - block * values[None, :])
    residual += 4 * UNIT_ROUNDOFF * (size + scaled) + op.error * length
    residual /= math.sqrt(1.0 - defect)
    ritz, residual = (float(up(x * (1 + 32 * UNIT_ROUNDOFF))) for x in (ritz, residual))

    def enclosure(value: float) -> Enclosure:
        lower, upper = float(down(value - max(residual, ritz))), float(up(value + ritz))
        return Enclosure(lower, value, upper, Evidence.SAMPLED, failure_probability=None)

    enclosures = tuple(enclosure(float(value)) for value in values)
    return SmallestEigenvalues(enclosures, block, residual, 0, False)
