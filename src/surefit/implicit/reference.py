"""Slow and simple ways to equilibria and their gradients, to compare with."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.continuation import system
from surefit.implicit.solver import Elementwise

__all__ = ["dense_gradients", "unrolled"]


def unrolled(
    activation: Elementwise,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
    steps: int,
) -> Float[Array, "n m"]:
    r"""$h_p$ of $h_{k+1} = \phi(Wh_k + x)$ from $h_0 = 0$: an explicit network of $p$ layers.

    Differentiation goes through every layer, so that its memory grows with the number of steps.

    Args:
        activation: $\phi$.
        weights: $W$.
        x: the input of every sample.
        steps: $p$, the number of layers.

    Cost: $p$ products with $W$; differentiated, memory $O(pnm)$.
    """

    def layer(h: Float[Array, "n m"], _: None) -> tuple[Float[Array, "n m"], None]:
        return activation(h @ weights.T + x), None

    return jax.lax.scan(layer, jnp.zeros_like(x), length=steps)[0]


def dense_gradients(
    activation: Elementwise,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
    state: Float[Array, "n m"],
    cotangent: Float[Array, "n m"],
) -> tuple[Float[Array, "m m"], Float[Array, "n m"]]:
    r"""Gradients of $\sum_i c_i^\top h_i$ with respect to $W$ and $x$, by dense solves.

    $p_i = D_i(I - D_iW)^{-\top}c_i$, then $\nabla_W = \sum_i p_ih_i^\top$ and $\nabla_{x_i} = p_i$.

    Args:
        activation: $\phi$, with its `derivative`.
        weights: $W$.
        x: the input of every sample.
        state: the equilibrium $h$ of every sample.
        cotangent: $c$, the gradient with respect to the state.

    Cost: $\frac23m^3$ per sample, one after the other.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), Lemma 2.3.
    """

    def one(given: tuple[Array, Array]) -> Float[Array, " m"]:
        slope, right = given
        return slope * jnp.linalg.solve(system(weights, slope).T, right)

    slopes = activation.derivative(state @ weights.T + x)
    p = jax.lax.map(one, (slopes, cotangent))
    return p.T @ state, p
