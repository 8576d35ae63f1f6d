r"""Operator splitting: equilibria as zeros of a sum of two monotone operators.

With $G = I - W$ and an activation that is the proximal operator of a convex function,
$\phi = (I + \partial\varphi)^{-1}$, the equilibrium is the zero of
$h \mapsto Gh - x + \partial\varphi(h)$.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.implicit.solver import Elementwise

__all__ = ["is_proximal", "require_proximal", "resolvent", "strength"]

# Where slopes are looked at: dense around 0, where activations bend, and far out.
_RANGE, _POINTS = 40.0, 4001
_POWER_STEPS, _ROOT_STEPS = 30, 80


@functools.cache
def is_proximal(activation: Elementwise) -> bool:
    r"""Whether $0 \le \phi' \le 1$, which makes $\phi$ the proximal operator of a convex function.

    Decided by a Lipschitz constant above 1 if $\phi$ states one, else from the slopes at some
    thousand points.

    References:
        Moreau (1965); Combettes, Pesquet (2020), Deep neural network structures solving variational
        inequalities, Proposition 2.3.
    """
    if getattr(activation, "lipschitz", 0.0) > 1.0:
        return False
    # Also within a function that is being compiled: the points are numbers.
    with jax.ensure_compile_time_eval():
        grid = jnp.linspace(-1.0, 1.0, _POINTS)
        slopes = activation.derivative(jnp.concatenate([grid, _RANGE * grid**3]))
        rounding = 8.0 * float(jnp.finfo(slopes.dtype).eps)
        return bool(jnp.all((slopes >= -rounding) & (slopes <= 1.0 + rounding)))


def require_proximal(caller: str, activation: Elementwise) -> None:
    """Raise unless the activation is a proximal operator.

    Raises:
        InvalidInputError: it decreases or has a slope above 1 somewhere.
    """
    if not is_proximal(activation):
        raise InvalidInputError(
            f"`{caller}` must be given an activation that nowhere decreases and has slopes of at "
            f"most 1. Got {activation!r}. Only such a function is the proximal operator of a "
            "convex function, which operator splitting is about. Use for example `Relu()`, "
            "`Tanh()` or `Softplus()`, or solve with `Newton()`."
        )


def resolvent(
    activation: Elementwise, alpha: Float[Array, ""], u: Float[Array, "n m"]
) -> Float[Array, "n m"]:
    r"""$(I + \alpha\,\partial\varphi)^{-1}u$ for $\phi = (I + \partial\varphi)^{-1}$, elementwise.

    It is $\phi(t)$ with $\alpha t + (1-\alpha)\phi(t) = u$, since $t - \phi(t)$ is an element of
    $\partial\varphi$ at $\phi(t)$. The left side has slopes between $\alpha$ and 1, so that $t$ is
    unique; it is linear on either side of 0 for homogeneous activations, and found by Newton's
    method between two bounds for others.

    References:
        Winston, Kolter (2020), Monotone operator equilibrium networks, appendix D, which lists the
        operators of some activations.
    """
    if getattr(activation, "homogeneous", False):
        return activation(u / (alpha + (1.0 - alpha) * activation.derivative(u)))
    low, high = jnp.minimum(alpha, 1.0), jnp.maximum(alpha, 1.0)
    # The error at t = u, over the smallest and the largest slope.
    miss = (1.0 - alpha) * (u - activation(u))
    ends = u + miss / low, u + miss / high
    tiny = 4.0 * float(jnp.finfo(u.dtype).eps)

    def proceed(now: tuple[Array, ...]) -> Array:
        _, _, _, change, step = now
        return (step < _ROOT_STEPS) & jnp.any(change)

    def body(now: tuple[Array, ...]) -> tuple[Array, ...]:
        t, below, above, _, step = now
        error = alpha * t + (1.0 - alpha) * activation(t) - u
        below, above = jnp.where(error < 0, t, below), jnp.where(error > 0, t, above)
        new = t - error / (alpha + (1.0 - alpha) * activation.derivative(t))
        outside = (new < below) | (new > above)
        new = jnp.where(outside, (below + above) / 2, new)
        return new, below, above, jnp.abs(new - t) > tiny * (1.0 + jnp.abs(t)), step + 1

    first = (u + miss, jnp.minimum(*ends), jnp.maximum(*ends), jnp.ones_like(u, bool),
             jnp.zeros((), jnp.int32))  # fmt: skip
    return activation(jax.lax.while_loop(proceed, body, first)[0])


def strength(weights: Float[Array, "m m"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""$\lambda_{\min}(\frac{G+G^\top}2)$ and about $\|G\|$, for $G = I - W$.

    $G$ is strongly monotone if the first is positive. The norm comes from power iteration, which
    is a few percent low at most here and enters only the choice of step sizes.

    Cost: $\frac43m^3$ and 60 products with a vector.
    """
    operator = jnp.eye(weights.shape[0], dtype=weights.dtype) - weights
    smallest = jnp.linalg.eigvalsh((operator + operator.T) / 2)[0]

    def power(_: Any, v: Float[Array, " m"]) -> Float[Array, " m"]:
        v = operator.T @ (operator @ v)
        return v / jnp.linalg.norm(v)

    start = jnp.cos(jnp.arange(weights.shape[0], dtype=weights.dtype))
    v = jax.lax.fori_loop(0, _POWER_STEPS, power, start / jnp.linalg.norm(start))
    return smallest, jnp.linalg.norm(operator @ v)
