"""Well-posedness from the Perron root of |W|: a contraction in a weighted maximum norm."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from surefit.activations import Activation
from surefit.core.check import Check, Sense
from surefit.core.rounding import down, gamma, up
from surefit.core.spectrum import Enclosure
from surefit.errors import InvalidInputError
from surefit.implicit.well_posedness.operator_norm import scaled

__all__ = ["perron_frobenius_check", "perron_root"]

_STEPS = 60
_ACCURACY = 1e-10
# A support of the vector for the lower bound: entries above these shares of the largest.
_SHARES = (0.0, 1e-8, 1e-4, 1e-2, 0.5)


def perron_frobenius_check(weights: Float[np.ndarray, "m m"], activation: Activation) -> Check:
    r"""$L_\phi\,\rho(|W|) < 1$: a contraction in a maximum norm with weights.

    As $|\phi(a) - \phi(b)| \le L_\phi|a - b|$ entry by entry, differences of states are bounded by
    powers of $L_\phi|W|$. The equilibrium exists and is unique for every input, and Picard
    iteration finds it. Neither stronger nor weaker than the operator norm: it sees through
    triangular matrices, but not through random signs, where $\rho(|W|)$ grows like $\sqrt m$.

    Args:
        weights: $W$ as the state sees it, finite.
        activation: $\phi$.

    Raises:
        InvalidInputError: the weights are not finite.

    Cost: some sixty products of the matrix with a vector; one linear system where they leave the
    question open.

    References:
        El Ghaoui, Gu, Travacca, Askari, Tsai (2021), Implicit deep learning, section 2 (the
        Perron-Frobenius condition for well-posedness).
    """
    name, lipschitz = "L rho(|W|)", activation.lipschitz
    if not math.isfinite(lipschitz):
        note = f"{type(activation).__name__} has no Lipschitz constant"
        return Check(name, math.inf, 1.0, Sense.LESS, note=note)
    root = scaled(perron_root(weights, threshold=1.0 / lipschitz), lipschitz)
    note = "below 1: one equilibrium for every input; sufficient and not necessary"
    return root.check(name, 1.0, Sense.LESS, note)


def perron_root(weights: Float[np.ndarray, "m m"], threshold: float = math.inf) -> Enclosure:
    r"""$\rho(|W|)$, both ends with proof, by the quotients of Collatz and Wielandt.

    For every $v > 0$, $\rho(|W|) \le \max_i(|W|v)_i/v_i$; for every $v \ge 0$ with support $S$,
    $\rho(|W|) \ge \min_{i\in S}(|W|v)_i/v_i$. The products are sums of non-negative terms, whose
    relative rounding error is at most $\gamma_{m+1}$. The vectors are power iterates of
    $|W| + \sigma I$, and $(I - |W|/t)^{-1}\mathbf 1$, which is positive exactly where
    $\rho(|W|) < t$.

    Args:
        weights: $W$, finite.
        threshold: $t$, where the enclosure should not leave open on which side the root is.

    Raises:
        InvalidInputError: the weights are not finite.

    References:
        R. A. Horn, C. R. Johnson, Matrix Analysis, 2nd ed., Theorem 8.1.26 and Corollary 8.1.31.
    """
    magnitude = np.abs(np.asarray(weights, np.float64))
    if not np.isfinite(magnitude).all():
        rows = np.flatnonzero(~np.isfinite(magnitude).all(axis=1))
        raise InvalidInputError(
            f"`perron_root(weights=...)` must be finite. Got NaN or infinity in rows "
            f"{rows[:10].tolist()}. No equilibrium is defined by them. Look at how the weights "
            "were computed."
        )
    size = magnitude.shape[0]
    stretch = 1.0 - gamma(size + 2)
    vector, upper, lower = np.ones(size), math.inf, 0.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for _ in range(_STEPS):
            quotients = (magnitude @ vector) / vector
            upper = min(upper, _largest(quotients))
            if upper - float(quotients.min()) <= _ACCURACY * upper:
                break
            vector = quotients * vector + 0.1 * upper * vector
            vector = np.maximum(vector / vector.max(), 1e-200)
        for share in _SHARES:
            lower = max(lower, _lower(magnitude, vector, vector >= share * vector.max()))
        if lower * stretch < threshold <= upper / stretch:
            solution = _resolvent(magnitude, threshold)
            if solution is not None:
                upper = min(upper, _largest((magnitude @ solution) / solution))
    if not upper:
        return Enclosure(0.0, 0.0, 0.0)
    low = float(down(down(lower) * stretch))
    high = float(up(up(upper) / down(stretch)))
    return Enclosure(max(low, 0.0), upper, high)


def _largest(quotients: Float[np.ndarray, " m"]) -> float:
    largest = float(quotients.max(initial=0.0))
    return largest if math.isfinite(largest) else math.inf


def _lower(
    magnitude: Float[np.ndarray, "m m"],
    vector: Float[np.ndarray, " m"],
    support: Bool[np.ndarray, " m"],
) -> float:
    image = magnitude @ np.where(support, vector, 0.0)
    lowest = float(np.min(image[support] / vector[support]))
    return lowest if math.isfinite(lowest) else 0.0


def _resolvent(
    magnitude: Float[np.ndarray, "m m"], threshold: float
) -> Float[np.ndarray, " m"] | None:
    # Only a suggestion: what it proves is computed from the quotients.
    size = magnitude.shape[0]
    try:
        solution = np.linalg.solve(np.eye(size) - magnitude / threshold, np.ones(size))
    except np.linalg.LinAlgError:
        return None
    return solution if np.isfinite(solution).all() and solution.min() > 0 else None
