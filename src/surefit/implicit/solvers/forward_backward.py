"""Forward-backward splitting: a damped step of the map."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.monotone import strength
from surefit.implicit.splitting import Resolvent, Rule, SplittingSolver

__all__ = ["ForwardBackward"]


@dataclasses.dataclass(frozen=True)
class ForwardBackward(SplittingSolver):
    r"""Forward-backward splitting, for weights with $G = I - W$ strongly monotone.

    With $\frac{G+G^\top}2 \succeq \mu I$ and $\|G\| \le L$, a step multiplies the error by at most
    $\sqrt{1 - 2\alpha\mu + \alpha^2L^2}$, which is below 1 for $\alpha < 2\mu/L^2$; the least value
    is $\sqrt{1 - \mu^2/L^2}$, at $\alpha = \mu/L^2$. With $\alpha = 1$ it is Picard iteration.

    Cost: once per call the extreme eigenvalue and the norm of $G$, $\frac43m^3$; per step one
    product of an $n \times m$ with an $m \times m$ matrix, two or three in the linear systems.

    References:
        Winston, Kolter (2020), Monotone operator equilibrium networks, section 3.2, algorithm 1;
        Bauschke, Combettes (2017), Convex analysis and monotone operator theory, Prop. 26.16.
    """

    def prepare(
        self,
        resolve: Resolvent,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> tuple[Rule, tuple[()]]:
        """A forward step of the linear operator, a backward step of the other one."""
        if self.step_size is None:
            smallest, norm = strength(weights)
            # Without strong monotonicity nothing is known; 1/L is as good as any.
            alpha = jnp.where(smallest > 0, smallest / norm**2, 1.0 / norm)
        else:
            alpha = jnp.asarray(self.step_size, weights.dtype)

        def rule(z: Array, beside: tuple[()]) -> tuple[Array, tuple[()]]:
            # The compiler joins this product with that of the residual.
            return resolve(alpha, z + alpha * (z @ weights.T + x - z)), beside

        return rule, ()
