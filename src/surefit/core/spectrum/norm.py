"""The operator norm of a rectangular matrix: enclosed where it is explicit, sampled where not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from surefit.core.check import Evidence
from surefit.core.memory import require_bytes
from surefit.core.precision import float64
from surefit.core.rounding import down, gamma, gram_operator_error, up
from surefit.core.spectrum.dense import symmetric_spectrum
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.spectrum.lanczos import lanczos_extremes
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.core.spectrum.residual import power_of_two_scaling
from surefit.core.spectrum.validation import check_error, finite_matrix

__all__ = ["matrix_norm", "power_norm"]


@float64
def matrix_norm(matrix: Any) -> Enclosure:
    r"""The operator norm $\|A\|_2$ of an explicit matrix, both ends with proof.

    The largest eigenvalue of the smaller Gram matrix, $AA^\top$ or $A^\top A$, from
    `symmetric_spectrum`, with the rounding error of the Gram product from `gram_operator_error`.

    Args:
        matrix: float64, of any shape.

    Returns:
        The enclosure, of relative width about $p u$ with $p$ the larger of the two sizes. Evidence:
        float.

    Raises:
        InvalidInputError: not float64, not a matrix, or not finite (with the rows).
        MemoryLimitError: the Gram matrix and its eigenvectors would not fit into memory.

    Cost:
        $n^2p$ operations for the product and $20n^3$ for the spectrum, $n \le p$ the two sizes.
    """
    array = finite_matrix(matrix, "matrix_norm(matrix=...)")
    array = array if array.shape[0] <= array.shape[1] else array.T
    n, p = array.shape
    require_bytes(
        8 * (8 * n**2 + 2 * n * p),
        f"The norm of a {n} x {p} matrix",
        "Use `power_norm` with the products v -> A v and u -> A^T u.",
    )
    array, exponent = power_of_two_scaling(array)
    gram = array @ array.T
    error = gram_operator_error(array)
    norm = symmetric_spectrum((gram + gram.T) / 2, error, eigenvectors=False).largest.sqrt()
    if exponent:
        with np.errstate(under="ignore", over="ignore"):
            ends = np.ldexp([norm.lower, norm.value, norm.upper], exponent)
        lower, value, upper = float(down(ends[0])), float(ends[1]), float(up(ends[2]))
        norm = Enclosure(max(lower, 0.0), value, upper)
    return norm


@float64
def power_norm(
    matvec: Callable[[Any], Any],
    rmatvec: Callable[[Any], Any],
    shape: tuple[int, int],
    *,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
    failure_probability: float = 1e-6,
    error: float = 0.0,
) -> Enclosure:
    r"""The operator norm of a rectangular operator known through its products with vectors.

    Lanczos on $A^\top A$ or $AA^\top$, whichever is smaller. The lower end is the length of the
    image of a unit vector and certain up to rounding; the upper end holds with probability
    $1 - \delta$ over the random start (see `lanczos_extremes`). For a certain upper end use
    `matrix_norm`.

    Args:
        matvec: $v \mapsto Av$, from length `shape[1]` to length `shape[0]`.
        rmatvec: $u \mapsto A^\top u$, the other way.
        shape: rows and columns of $A$.
        seed: of the start vector.
        tolerance: relative width of the enclosure of the *squared* norm to reach.
        max_iterations: the largest Krylov dimension; by default the smaller size, at most 1000.
        failure_probability: $\delta$.
        error: a bound on the error of either product with a unit vector.

    Returns:
        The enclosure. Evidence: sampled.

    Raises:
        InvalidInputError: an argument out of range, or `rmatvec` is visibly not the transpose.
        NumericalError: a product is not finite, or of a size that cannot be squared.

    Cost:
        Two products per step; see `lanczos_extremes`.
    """
    check_error(error, "power_norm")
    rows, columns = shape
    first, second = (matvec, rmatvec) if columns <= rows else (rmatvec, matvec)
    op = SymmetricOperator(lambda v: second(first(v)), min(shape))
    found = lanczos_extremes(
        op,
        seed=seed,
        tolerance=tolerance,
        max_iterations=max_iterations,
        failure_probability=failure_probability,
        ends="largest",
    )
    vector = found.vectors[1]
    image = np.asarray(first(vector))
    stretch = 1.0 + 4 * gamma(image.size + vector.size + 8)
    value = float(np.linalg.norm(image)) / float(np.linalg.norm(vector))
    lower = max(0.0, float(down(value / stretch - error * stretch)))
    # The operator used is A^T A + E with ||E|| <= error (2 ||A|| + error), and so
    # (||A|| - error)^2 <= upper + 2 error^2.
    squared = max(0.0, found.largest.upper) + 2 * error**2
    upper = float(up((math.sqrt(squared) + error) * stretch))
    return Enclosure(lower, value, max(upper, value), Evidence.SAMPLED, found.failure_probability)
