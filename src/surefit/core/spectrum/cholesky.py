"""The smallest eigenvalue of a symmetric matrix from a Cholesky factor, both ends with proof."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float

from surefit.core.memory import require_bytes
from surefit.core.precision import float64
from surefit.core.rounding import (
    SMALLEST,
    UNIT_ROUNDOFF,
    down,
    frobenius_norm_bound,
    gamma,
    up,
)
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.spectrum.residual import power_of_two_scaling, product_residual_bound
from surefit.core.spectrum.validation import check_error, symmetric_matrix
from surefit.errors import InvalidInputError, NumericalError

__all__ = ["smallest_eigenvalue_cholesky"]

_MAX_FACTORISATIONS = 80
_KRYLOV = 16
_GALLOP = 16.0


@dataclasses.dataclass(frozen=True)
class _Factor:
    """The Cholesky factor of `matrix - shift I`, the existence of which says shift < lambda_min."""

    shift: float
    shifted: Float[np.ndarray, "n n"]
    lower: Float[np.ndarray, "n n"]


@float64
def smallest_eigenvalue_cholesky(
    matrix: Any, error: float = 0.0, tolerance: float = 1e-9
) -> Enclosure:
    r"""The smallest eigenvalue of a symmetric matrix, enclosed without an eigenvalue solver.

    Below: for any lower triangular $L$ and any $t$, since $LL^\top \succeq 0$,

    $$\lambda_{\min}(K) \ge t - \|K - tI - LL^\top\|_F .$$

    $L$ is the computed Cholesky factor of $K - tI$, and nothing about it is trusted: the norm is
    evaluated, with a bound on its rounding error. Above, for every number $\theta$ and vector $v$,

    $$\lambda_{\min}(K) \le \min\Big(\frac{v^\top Kv}{v^\top v},\;
      \theta + \frac{\|Kv - \theta v\|}{\|v\|}\Big),$$

    and a few Lanczos steps on $(LL^\top)^{-1}$ find a good $v$. Then $t$ is tried just below the
    quotient, and further and further below while no factorisation exists: two or three
    factorisations on a well-conditioned matrix, ten to thirty on others.

    Args:
        matrix: float64, symmetric up to rounding, definite or not.
        error: a bound on $\|K - K_{\mathrm{true}}\|_2$; see `symmetric_spectrum`.
        tolerance: the relative width to reach; rounding may not allow it (see Returns).

    Returns:
        The enclosure, of width at most `tolerance` times the value or about
        $20\sqrt{n}\,u\,\|K\|_\infty$, whichever is larger, plus twice `error`. Evidence: float. A
        lower end above zero shows that the matrix is positive definite.

    Raises:
        InvalidInputError: as `symmetric_spectrum`, or `tolerance` not in (0, 1).
        MemoryLimitError: $56 n^2$ bytes are not available.
        NumericalError: no factorisation was found.

    Cost:
        $n^3/3$ operations per factorisation and $n^3$ for one product; $7n^3$ where the size of
        rounding matters and the residual has to be evaluated to full accuracy.

    References:
        S. M. Rump, Verification of positive definiteness, BIT 46 (2006) 433-452; Higham (2002),
        Theorem 10.3, for the size of the residual.
    """
    call = "smallest_eigenvalue_cholesky"
    check_error(error, call)
    if not 0.0 < tolerance < 1.0:
        raise InvalidInputError(
            f"`{call}(tolerance=...)` must be a relative width between 0 and 1. Got {tolerance}. "
            "It says how far the two ends may lie apart. Leave it out, or pass 1e-6."
        )
    size = np.shape(matrix)[0] if np.ndim(matrix) == 2 else 1
    require_bytes(
        7 * 8 * size**2,
        f"The Cholesky bound of a {size} x {size} matrix",
        "Use fewer samples, or `lanczos_extremes`, which stores a few vectors instead of matrices.",
    )
    given, rounded = symmetric_matrix(matrix, f"{call}(matrix=...)")
    scaled, exponent = power_of_two_scaling(given)
    lower, value, upper = _enclose(scaled, tolerance)
    if rounded:
        slack = UNIT_ROUNDOFF * frobenius_norm_bound(scaled)
        lower, upper = float(down(lower - slack)), float(up(upper + slack))
    with np.errstate(under="ignore", over="ignore"):
        lower, value, upper = (float(x) for x in np.ldexp([lower, value, upper], exponent))
    if exponent:
        lower, upper = float(down(lower)), float(up(upper))
    if error > 0.0:
        lower, upper = float(down(lower - error)), float(up(upper + error))
    return Enclosure(lower, value, upper)


def _enclose(matrix: Float[np.ndarray, "n n"], tolerance: float) -> tuple[float, float, float]:
    n = matrix.shape[0]
    if n == 1:  # a number is its own eigenvalue
        return (float(matrix[0, 0]),) * 3
    factor, value, upper = _search(matrix, tolerance)
    loss = _residual_bound(factor, tolerance / 8 * abs(value)) + n * SMALLEST
    lower = float(down(factor.shift - float(up(loss))))
    return lower, min(max(value, lower), upper), upper


def _search(matrix: Float[np.ndarray, "n n"], tolerance: float) -> tuple[_Factor, float, float]:
    """The best shift with a factorisation, the Rayleigh quotient and an upper bound."""
    norm = min(float(np.max(np.sum(np.abs(matrix), axis=1))), frobenius_norm_bound(matrix))
    resolution = 4 * math.sqrt(len(matrix)) * UNIT_ROUNDOFF * norm + SMALLEST
    factor = _first_factor(matrix, norm, resolution)
    vector, value, upper = _rayleigh(
        matrix, factor, np.random.default_rng(0).standard_normal(len(matrix))
    )
    ceiling, slack = math.inf, 0.0  # the lowest shift that failed; how far below `upper` to try
    for _ in range(_MAX_FACTORISATIONS):
        width = max(resolution, tolerance / 4 * abs(value))
        slack = max(slack, width)
        top = min(ceiling, upper)
        if top - factor.shift <= 2 * width:
            break
        aim = upper - slack
        if not factor.shift < aim < ceiling:
            aim = factor.shift + (top - factor.shift) / 2
        better = _factorise(matrix, aim)
        if better is None:
            ceiling, slack = aim, _GALLOP * slack
        else:
            factor, slack = better, 0.0
            vector, value, new = _rayleigh(matrix, factor, vector)
            upper = min(upper, new)
    return factor, value, upper


def _first_factor(matrix: Float[np.ndarray, "n n"], norm: float, resolution: float) -> _Factor:
    # At zero for a definite matrix, just below for a singular one; an indefinite matrix has a
    # factorisation at Gershgorin's lower bound of the spectrum at the latest.
    shift = 0.0
    while (factor := _factorise(matrix, shift)) is None:
        if shift < -2 * norm:
            raise NumericalError(
                "`smallest_eigenvalue_cholesky`: a Cholesky factorisation must exist below the "
                f"spectrum. None was found at {shift:.3g}. Check the LAPACK library that SciPy is "
                "linked to, or use `symmetric_spectrum`."
            )
        shift = min(-resolution, _GALLOP * shift)
    return factor


def _factorise(matrix: Float[np.ndarray, "n n"], shift: float) -> _Factor | None:
    shifted = matrix.copy()
    shifted[np.diag_indices(len(matrix))] -= shift
    try:
        lower = scipy.linalg.cholesky(shifted, lower=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        return None
    return _Factor(shift, shifted, lower) if np.isfinite(lower).all() else None


def _rayleigh(
    matrix: Float[np.ndarray, "n n"], factor: _Factor, vector: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], float, float]:
    """Lanczos on the inverse: a vector, its Rayleigh quotient, an upper bound of the eigenvalue."""
    basis = [vector / np.linalg.norm(vector)]
    for _ in range(min(_KRYLOV, len(vector)) - 1):
        image = scipy.linalg.cho_solve((factor.lower, True), basis[-1], check_finite=False)
        size = float(np.max(np.abs(image)))  # near a singular matrix the square may overflow
        if not 0.0 < size < math.inf:
            break
        image = image / size
        image = image / np.linalg.norm(image)
        for _ in range(2):  # twice is enough
            rows = np.array(basis)
            image = image - rows.T @ (rows @ image)
        length = float(np.linalg.norm(image))
        if length < 1e-14:
            break
        basis.append(image / length)
    columns = np.linalg.qr(np.array(basis).T)[0]
    compressed = columns.T @ (matrix @ columns)
    vector = columns @ np.linalg.eigh((compressed + compressed.T) / 2)[1][:, 0]
    return vector, *_upper_bound(matrix, vector)


def _upper_bound(
    matrix: Float[np.ndarray, "n n"], vector: Float[np.ndarray, " n"]
) -> tuple[float, float]:
    # Two bounds, for any number theta and vector v: some eigenvalue lies within
    # ||Kv - theta v|| / ||v|| of theta, which is sharp for a converged vector; and the smallest is
    # at most the Rayleigh quotient, whose rounding error is that of two inner products.
    n = len(vector)
    square = float(vector @ vector)
    value = float(vector @ (matrix @ vector)) / square
    target = value * vector
    residual = product_residual_bound(target[:, None], matrix, vector[:, None])
    residual += UNIT_ROUNDOFF * frobenius_norm_bound(target)
    rounding = gamma(2 * n + 2) * float(np.abs(vector) @ (np.abs(matrix) @ np.abs(vector)))
    rounding = rounding / square + 2 * gamma(n + 2) * abs(value) + n * SMALLEST
    # Inflated for the roundings of this bookkeeping and of the length of the vector.
    gap = min(residual / math.sqrt(square), rounding) * (1 + 4 * gamma(2 * n + 16))
    return value, float(up(value + float(up(gap))))


def _residual_bound(factor: _Factor, allowed: float) -> float:
    r"""A bound on $\|K - tI - LL^\top\|_2$; the cheap one where it is within `allowed`."""
    shifted, lower = factor.shifted, factor.lower
    n = len(lower)
    diagonal = UNIT_ROUNDOFF * float(np.max(np.abs(np.diagonal(shifted))))
    square = frobenius_norm_bound(lower) ** 2
    cheap = gamma(n) * square
    if cheap <= allowed:
        difference = frobenius_norm_bound(shifted - lower @ lower.T)
        bound = cheap + difference * (1 + 2 * UNIT_ROUNDOFF) + n * n * SMALLEST
    else:
        bound = product_residual_bound(shifted, lower, lower.T)
    return float(up((bound + diagonal) * (1 + 8 * UNIT_ROUNDOFF)))
