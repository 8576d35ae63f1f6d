"""How far an iterate of a contraction is from its fixed point: before and after computing it."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError

__all__ = ["a_posteriori", "a_priori", "steps_needed"]


def a_priori(
    q: float, steps: int, first_change: float | Float[Array, "..."]
) -> Float[Array, "..."]:
    r"""$\|h_p - h^*\| \le \frac{q^p}{1-q}\|h_1 - h_0\|$ after $p$ steps of Picard iteration.

    Attained by affine maps $h \mapsto qh + x$.

    Args:
        q: modulus of the contraction, $L_\phi\|W\|$.
        steps: $p$.
        first_change: $\|h_1 - h_0\|$; from $h_0 = 0$ it is $\|\phi(x)\|$.

    Raises:
        InvalidInputError: $q$ is no modulus of a contraction, or $p$ is negative.

    References:
        Banach (1922); Gao, Liu, Liu, Rajan, Gao (2022), Lemma 2.2.
    """
    _require_contraction("a_priori", q)
    if steps < 0:
        raise InvalidInputError(
            f"`a_priori(steps=...)` must be at least 0. Got {steps}. It counts applications of the "
            "map. Use 0 for the start itself."
        )
    return q**steps / (1.0 - q) * jnp.asarray(first_change)


def a_posteriori(q: float, residual: float | Float[Array, "..."]) -> Float[Array, "..."]:
    r"""$\|h - h^*\| \le \frac{1}{1-q}\|f(h) - h\|$ for every state $h$, wherever it comes from.

    Args:
        q: modulus of the contraction, $L_\phi\|W\|$.
        residual: $\|f(h) - h\|$, absolute: `Solution.residual` times the norm of the image, or
            relative, which bounds the relative error.

    Raises:
        InvalidInputError: $q$ is no modulus of a contraction.

    References:
        Banach (1922).
    """
    _require_contraction("a_posteriori", q)
    return jnp.asarray(residual) / (1.0 - q)


def steps_needed(q: float, first_change: float, error: float) -> int:
    r"""The least $p$ for which the a-priori bound is at most `error`.

    Raises:
        InvalidInputError: $q$ is no modulus of a contraction, or the error is not positive.

    Example:
        >>> from surefit.implicit.bounds import steps_needed
        >>> steps_needed(0.5, 1.0, 1e-3)
        11
    """
    _require_contraction("steps_needed", q)
    if not error > 0:
        raise InvalidInputError(
            f"`steps_needed(error=...)` must be positive. Got {error}. No finite number of steps "
            "reaches the fixed point itself. Use for example 1e-12."
        )
    ratio = error * (1.0 - q) / first_change if first_change > 0 else math.inf
    if ratio >= 1.0:
        return 0
    if q == 0:
        return 1
    guess = max(math.ceil(math.log(ratio) / math.log(q)), 1)
    # The logarithms are rounded; the definition is not.
    return next(p for p in range(guess - 1, guess + 2) if q**p / (1 - q) * first_change <= error)


def _require_contraction(name: str, q: float) -> None:
    if not 0.0 <= q < 1.0:
        raise InvalidInputError(
            f"`{name}(q=...)` must lie in [0, 1). Got {q}. It is the modulus of a contraction, the "
            "Lipschitz constant of the activation times the operator norm of the weights; from 1 "
            "on Banach's theorem says nothing. Use smaller weights."
        )
