"""Peaceman-Rachford splitting: reflect at both operators in turn."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.monotone import strength
from surefit.implicit.splitting import Resolvent, Rule, SplittingSolver

__all__ = ["PeacemanRachford"]


@dataclasses.dataclass(frozen=True)
class PeacemanRachford(SplittingSolver):
    r"""Peaceman-Rachford splitting, for weights with $G = I - W$ strongly monotone.

    With $\frac{G+G^\top}2 \succeq \mu I$ and $\|G\| \le L$, a step multiplies the error by at most
    $\big(1 - \frac{4\alpha\mu}{1+2\alpha\mu+\alpha^2L^2}\big)^{1/2}$, whatever $\alpha > 0$ and the
    activation are; the least value is $\sqrt{(L-\mu)/(L+\mu)}$, at $\alpha = 1/L$.

    Cost: once per call $2m^3$ for $(I + \alpha G)^{-1}$ and the norm; per step two products of an
    $n \times m$ with an $m \times m$ matrix, three in the transposed linear systems.

    References:
        Winston, Kolter (2020), Monotone operator equilibrium networks, section 3.2, algorithm 2;
        Lions, Mercier (1979), Splitting algorithms for the sum of two nonlinear operators.
    """

    def prepare(
        self,
        resolve: Resolvent,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> tuple[Rule, Float[Array, "n m"]]:
        """Reflections at the linear operator and at the resolvent."""
        if self.step_size is None:
            alpha = 1.0 / strength(weights)[1]
        else:
            alpha = jnp.asarray(self.step_size, weights.dtype)
        identity = jnp.eye(weights.shape[0], dtype=weights.dtype)
        # Its condition number is at most 1 + alpha L: an explicit inverse is as good as a
        # factorisation, and products with it are faster than triangular solves.
        inverse = jnp.linalg.inv(identity + alpha * (identity - weights))

        def rule(z: Array, u: Array) -> tuple[Array, Array]:
            half = 2.0 * z - u
            u = 2.0 * ((half + alpha * x) @ inverse.T) - half
            return resolve(alpha, u), u

        # What belongs to the state if it is the equilibrium.
        return rule, start + alpha * (start @ weights.T + x - start)
