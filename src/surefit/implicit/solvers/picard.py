"""Picard iteration: apply the map until it stands still."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver, relative_residual

__all__ = ["Picard"]


@dataclasses.dataclass(frozen=True)
class Picard(Solver):
    r"""Picard iteration $h \leftarrow \phi(Wh + x)$.

    Converges from everywhere at the rate $q = L_\phi\|W\|$ if $q < 1$, with
    $\|h_p - h^*\| \le \frac{q^p}{1-q}\|h_1 - h_0\|$; often also above. Linear systems are solved by
    the same iteration (a Neumann series), whose rate is that of the forward iteration at its end.

    Cost: one product of an $n \times m$ with an $m \times m$ matrix per step.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), Global convergence of over-parameterized deep equilibrium
        models, Lemma 2.2.
    """

    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on."""
        return self._iterate(lambda h: activation(h @ weights.T + x), start)

    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
    ) -> Solution:
        r"""The Neumann series of $(I - D_iW)^{-1}r_i$ or of the transposed system."""
        if transpose:
            return self._iterate(lambda v: (slope * v) @ weights + rhs, rhs)
        return self._iterate(lambda v: slope * (v @ weights.T) + rhs, rhs)

    def _iterate(
        self,
        function: Callable[[Float[Array, "n m"]], Float[Array, "n m"]],
        start: Float[Array, "n m"],
    ) -> Solution:
        tolerance = self.resolved(start.dtype)

        def proceed(now: tuple[Solution, Array]) -> Array:
            at, step = now
            # A sample whose residual is not finite is lost: no need to wait for it.
            lost = (at.steps > 0) & ~jnp.isfinite(at.residual)
            return (step < self.max_steps) & ~jnp.all(at.converged | lost)

        def body(now: tuple[Solution, Array]) -> tuple[Solution, Array]:
            at, step = now
            new = function(at.state)
            residual, converged = relative_residual(new, at.state, tolerance)
            done = at.converged
            return Solution(
                # A sample that has converged stays as it is, whatever the others do.
                state=jnp.where(done[:, None], at.state, new),
                residual=jnp.where(done, at.residual, residual),
                steps=jnp.where(done, at.steps, at.steps + 1),
                converged=done | converged,
            ), step + 1

        n = start.shape[0]
        first = Solution(
            start,
            jnp.full((n,), jnp.inf, start.dtype),
            jnp.zeros((n,), jnp.int32),
            jnp.zeros((n,), bool),
        )
        return jax.lax.while_loop(proceed, body, (first, jnp.zeros((), jnp.int32)))[0]
