r"""What a random start is worth: probabilities that Lanczos overlooks an extreme eigenvalue.

A start vector $q$ drawn uniformly from the sphere of $\mathbb{R}^n$ has
$(z^\top q)^2 \sim \mathrm{Beta}(1/2, (n-1)/2)$ for every fixed unit vector $z$. A Krylov method is
blind to an eigenvector $z$ exactly as far as this number is small.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
import scipy.special
from jaxtyping import Float

from surefit.errors import InvalidInputError

__all__ = [
    "check_probability",
    "hidden_weight",
    "kuczynski_wozniakowski",
    "overlap_quantile",
    "slack_below",
]


def check_probability(probability: float, call: str) -> None:
    """Refuse a failure probability that is not strictly between 0 and 1."""
    if not 0.0 < probability < 1.0:
        raise InvalidInputError(
            f"`{call}(failure_probability=...)` must lie strictly between 0 and 1. Got "
            f"{probability}. From a random start nothing is certain, and a certain failure is no "
            "answer. Pass 1e-6, say: dividing it by ten costs a few more steps."
        )


def kuczynski_wozniakowski(size: int, steps: int, relative_error: float) -> float:
    r"""The probability, at worst over all matrices, that Lanczos is off by a relative error.

    After $k$ steps from a uniformly random start on a symmetric $n \times n$ matrix,

    $$P\big[\lambda_1 - \theta_1 > \varepsilon(\lambda_1 - \lambda_n)\big]
      \le 1.648\sqrt{n}\,e^{-\sqrt{\varepsilon}(2k-1)},$$

    with $\theta_1$ the largest Ritz value, and the same for the smallest.

    Proof, with 1.596: shift and scale so that $\lambda_n = 0$ and $\lambda_1 = 1$; let
    $x_0 = 1-\varepsilon$ and $c_i$ the coefficients of the start. If $\theta_1 < x_0$ then
    $\sum_i c_i^2(\lambda_i - x_0)p(\lambda_i)^2 < 0$ for every polynomial $p$ of degree $k-1$. Take
    $\sqrt{x_0-x}\,p(x) = T_{2k-1}(\sqrt{1-x/x_0})$, at most 1 on $[0, x_0]$, so that
    $\varepsilon p(1)^2 = \sinh^2 w$ with $w = (2k-1)\operatorname{artanh}\sqrt\varepsilon$. Then
    $c_1^2\sinh^2 w < 1-c_1^2$, that is $|c_1| < 1/\cosh w \le 2e^{-w}$, and the density of $c_1$ is
    at most $\sqrt{n/2\pi}$.

    Args:
        size: $n$.
        steps: $k$, the dimension of the Krylov space, fixed in advance.
        relative_error: $\varepsilon$, relative to the spread of the spectrum.

    Returns:
        The bound, at most 1.

    References:
        J. Kuczynski, H. Wozniakowski, Estimating the largest eigenvalue by the power and Lanczos
        algorithms with a random start, SIAM J. Matrix Anal. Appl. 13 (1992) 1094-1122, the bound
        on the probabilistic relative failure of the Lanczos algorithm; stated there for positive
        definite matrices and relative to $\lambda_1$.
    """
    exponent = math.sqrt(max(relative_error, 0.0)) * (2 * steps - 1)
    return min(1.0, 1.648 * math.sqrt(size) * math.exp(-exponent))


def overlap_quantile(size: int, probability: float) -> float:
    r"""The $\tau$ with $P[(z^\top q)^2 \le \tau] =$ `probability` for a random unit vector $q$."""
    if size == 1:
        return 1.0
    return float(scipy.special.betaincinv(0.5, (size - 1) / 2, probability))


def hidden_weight(
    diagonal: Float[np.ndarray, " k"],
    off_diagonal: Float[np.ndarray, " k"],
    x: float,
) -> float:
    r"""How much of the start vector an eigenvector of an eigenvalue below all Ritz values can hold.

    If $x$ is an eigenvalue with unit eigenvector $z$, then $z^\top q_{j+1} = p_j(x)\,z^\top q_1$
    for the Lanczos vectors $q_j$ and the orthonormal Lanczos polynomials $p_j$; the $q_j$ are
    orthonormal, hence

    $$(z^\top q_1)^2 \le \frac{1}{\sum_{j=0}^{k} p_j(x)^2} .$$

    Below the smallest Ritz value the bound increases with $x$: the $p_j$ have no zeros there. It is
    computed from $(T_k - xI)y = e_k$, since $p_{j-1}(x) = y_j/y_1$ and $p_k(x) = -1/(\beta_k y_1)$.

    Args:
        diagonal: $\alpha_1..\alpha_k$.
        off_diagonal: $\beta_1..\beta_k$, the last one being the norm of the next vector.
        x: a number below the smallest Ritz value.

    Returns:
        The bound; 1 where `x` is not below every Ritz value.
    """
    y = _last_column(diagonal - x, off_diagonal[:-1])
    if y is None:
        return 1.0
    beta = float(off_diagonal[-1])
    tail = math.inf if beta == 0.0 else 1.0 / beta
    largest = max(float(np.max(np.abs(y))), tail)
    if not 0.0 < largest < math.inf:
        return 0.0 if math.isinf(tail) else 1.0
    with np.errstate(under="ignore"):
        total = float(np.sum((y / largest) ** 2)) + (tail / largest) ** 2
        return float((y[0] / largest) ** 2 / total)


def _last_column(
    diagonal: Float[np.ndarray, " k"], off_diagonal: Float[np.ndarray, " j"]
) -> Float[np.ndarray, " k"] | None:
    """The solution of $Ty = e_k$ for a tridiagonal T, None where T is not positive definite."""
    if len(diagonal) == 1:  # LAPACK's wrapper takes no empty off-diagonal
        return 1.0 / diagonal if diagonal[0] > 0 else None
    banded = np.zeros((2, len(diagonal)))
    banded[0], banded[1, :-1] = diagonal, off_diagonal
    unit = np.zeros(len(diagonal))
    unit[-1] = 1.0
    try:
        return scipy.linalg.solveh_banded(banded, unit, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None


def slack_below(
    diagonal: Float[np.ndarray, " k"],
    off_diagonal: Float[np.ndarray, " k"],
    smallest_ritz: float,
    quantile: float,
) -> float:
    r"""How far below the smallest Ritz value an eigenvalue can still hide.

    With $\tau$ from `overlap_quantile(n, delta)`: the smallest eigenvalue is below
    `smallest_ritz - slack` with probability at most `delta`, in exact arithmetic. For then
    `hidden_weight` there is at most $\tau$, and so is the squared overlap of start and eigenvector.

    Args:
        diagonal: $\alpha_1..\alpha_k$.
        off_diagonal: $\beta_1..\beta_k$.
        smallest_ritz: the smallest eigenvalue of $T_k$.
        quantile: $\tau$.

    Returns:
        The slack, 0 where the Krylov space is exhausted.

    References:
        J. L. M. van Dorsselaer, M. E. Hochstenbach, H. A. van der Vorst, Computing probabilistic
        bounds for extreme eigenvalues of symmetric matrices with the Lanczos method, SIAM J. Matrix
        Anal. Appl. 22 (2000) 837-852, who use the last polynomial alone.
    """
    if off_diagonal[-1] == 0.0:
        return 0.0
    scale = float(np.max(np.abs(diagonal)) + 2 * np.max(np.abs(off_diagonal)))
    low, high = 0.0, np.finfo(np.float64).eps * scale
    while hidden_weight(diagonal, off_diagonal, smallest_ritz - high) > quantile:
        low, high = high, 4 * high
    while high - low > 0.02 * high:
        middle = (low + high) / 2
        if hidden_weight(diagonal, off_diagonal, smallest_ritz - middle) > quantile:
            low = middle
        else:
            high = middle
        if high <= np.finfo(np.float64).eps * scale:
            break
    return high
