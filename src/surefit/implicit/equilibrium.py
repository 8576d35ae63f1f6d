"""The equilibrium as a function that can be differentiated, any number of times, in any mode."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.slope import slope_at
from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver

__all__ = ["equilibrium", "solve"]


@functools.partial(jax.jit, static_argnums=(0, 1))
def solve(
    activation: Elementwise,
    solver: Solver,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
    start: Float[Array, "n m"] | None = None,
) -> Solution:
    r"""States with $h = \phi(Wh + x)$ and their quality; not for differentiation.

    Args:
        activation: $\phi$, applied to every feature.
        solver: how to iterate.
        weights: $W$.
        x: the input of every sample, added inside.
        start: where to begin; None: at zero.
    """
    return solver.solve(activation, weights, x, jnp.zeros_like(x) if start is None else start)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def equilibrium(
    activation: Elementwise,
    solver: Solver,
    poison: bool,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
) -> Float[Array, "n m"]:
    r"""$h$ with $h = \phi(Wh + x)$.

    Derivatives are those of the implicit function theorem, $(I - D_iW)\,dh_i = D_i(dW\,h_i + dx_i)$
    with $D_i = \operatorname{diag}\phi'(Wh_i + x_i)$, without differentiating the iteration: their
    cost and memory do not depend on the number of steps. Forward and reverse mode, and derivatives
    of any order, as far as $\phi$ has them.

    Args:
        activation: $\phi$, with its `derivative`.
        solver: how to iterate, here and in the linear systems of the derivatives.
        poison: whether samples that did not converge, and their derivatives, are NaN; otherwise
            they are the last iterate.
        weights: $W$.
        x: the input of every sample, added inside.

    Cost: steps times one product with $W$; memory $O(nm)$.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), Lemma 2.3; Bai, Kolter, Koltun (2019), Theorem 1.
    """
    return solve(activation, solver, weights, x).value(poison)


@equilibrium.defjvp
def _equilibrium_jvp(
    activation: Any,
    solver: Solver,
    poison: bool,
    primals: tuple[Array, Array],
    tangents: tuple[Array, Array],
) -> tuple[Array, Array]:
    weights, x = primals
    h = equilibrium(activation, solver, poison, weights, x)
    slope = slope_at(activation, weights, h, x)
    rhs = slope * (h @ tangents[0].T + tangents[1])

    def product(v: Array) -> Array:
        return v - slope * (v @ weights.T)

    def forward(_: Any, r: Array) -> Array:
        return solver.solve_linear(weights, slope, r, transpose=False).value(poison)

    def backward(_: Any, r: Array) -> Array:
        return solver.solve_linear(weights, slope, r, transpose=True).value(poison)

    return h, jax.lax.custom_linear_solve(product, rhs, forward, backward)
