"""Newton's method: solve the linear piece or the tangent, sample by sample."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit.continuation import follow, system
from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver, relative_residual

__all__ = ["Newton"]


@dataclasses.dataclass(frozen=True)
class Newton(Solver):
    r"""Semismooth Newton: $(I - DW)\,\Delta h = \phi(Wh + x) - h$.

    $D$ is the diagonal matrix of $\phi'(Wh + x)$. No contraction is needed: it finds equilibria
    that repel $h \leftarrow f(h)$. For a piecewise linear $\phi$ it is an active-set method: a full
    step is the exact equilibrium $(I - DW)^{-1}Dx$ of the linear piece with the signs of $Wh + x$,
    and the iteration ends, in finitely many steps, when the signs repeat. Steps are halved until
    the residual falls. A sample that does not get there at once is led there through the equilibria
    of $sW$, with $s$ growing to 1 in steps as large as Newton's method bears. Where several
    equilibria exist it finds one of them.

    Args:
        tolerance: relative residual at which a sample counts as converged; None: 32 times the
            machine epsilon.
        max_steps: linear solves at most; they are what `Solution.steps` counts.

    Cost: $\frac23m^3$ per sample and step, one sample after the other, so that memory is
    $O(m^2 + nm)$. The linear systems of the derivatives cost one such factorisation each.

    References:
        Qi, Sun (1993), A nonsmooth version of Newton's method, section 3; Gao, Liu, Liu, Rajan, Gao
        (2022), Lemma 2.3, for the systems of the derivatives.
    """

    max_steps: int = 200

    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on."""
        tolerance = self.resolved(start.dtype)

        def one(given: tuple[Array, Array]) -> tuple[Array, Array]:
            return follow(activation, weights, *given, tolerance, self.max_steps)

        state, steps = jax.lax.map(one, (x, start))
        residual, converged = relative_residual(activation(state @ weights.T + x), state, tolerance)
        return Solution(state, residual, steps, converged)

    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
        start: Float[Array, "n m"] | None = None,
    ) -> Solution:
        r"""Dense solves of $(I - D_iW)v_i = r_i$, or of the transposed systems, from nowhere."""

        def one(given: tuple[Array, Array]) -> Float[Array, " m"]:
            matrix = system(weights, given[0])
            factors = jax.scipy.linalg.lu_factor(matrix)
            side = 1 if transpose else 0
            v = jax.scipy.linalg.lu_solve(factors, given[1], trans=side)
            # One refinement: the residual is then what rounding leaves, whatever the pivots were.
            product = v @ matrix if transpose else matrix @ v
            return v + jax.scipy.linalg.lu_solve(factors, given[1] - product, trans=side)

        v = jax.lax.map(one, (slope, rhs))
        image = (slope * v) @ weights + rhs if transpose else slope * (v @ weights.T) + rhs
        residual, converged = relative_residual(image, v, self.resolved(rhs.dtype))
        return Solution(v, residual, jnp.ones(rhs.shape[:1], jnp.int32), converged)
