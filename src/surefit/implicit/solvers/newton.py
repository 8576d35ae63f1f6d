"""Newton's method: solve the linear piece or the tangent, sample by sample."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver, relative_residual

__all__ = ["Newton"]

# Damped steps t = 1, 1/2, ..., 2^-12 must lower the residual by this share of t.
_HALVINGS, _DECREASE = 12, 1e-4


class _At(NamedTuple):
    state: Float[Array, " m"]
    gap: Float[Array, " m"]
    slope: Float[Array, " m"]
    residual: Float[Array, ""]
    converged: Bool[Array, ""]
    stuck: Bool[Array, ""]
    steps: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class Newton(Solver):
    r"""Semismooth Newton: $(I - DW)\,\Delta h = \phi(Wh + x) - h$ with $D = \operatorname{diag}\phi'$.

    No contraction is needed: it finds equilibria that repel the iteration $h \leftarrow f(h)$. For
    a piecewise linear $\phi$ it is an active-set method: the full step is the exact equilibrium
    $(I - DW)^{-1}Dx$ of the linear piece with the signs of $Wh + x$, and the iteration ends, in
    finitely many steps, when the signs repeat. Steps are halved until the residual falls; where no
    step along the direction does that (at a kink, or where $I - DW$ is nearly singular), the state
    takes one step $h \leftarrow f(h)$ instead. Where many equilibria exist it finds one of them.

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

    max_steps: int = 100

    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on."""
        tolerance = self.resolved(start.dtype)

        def at(state: Float[Array, " m"], row: Float[Array, " m"], steps: Int[Array, ""]) -> _At:
            before = weights @ state + row
            image = activation(before)
            residual, converged = relative_residual(image[None], state[None], tolerance)
            return _At(state, image - state, activation.derivative(before), residual[0],
                       converged[0], jnp.zeros((), bool), steps)  # fmt: skip

        def one(given: tuple[Array, Array]) -> _At:
            row, first = given

            def proceed(now: _At) -> Bool[Array, ""]:
                more = ~now.converged & ~now.stuck & (now.steps < self.max_steps)
                return more & jnp.isfinite(now.residual)

            def body(now: _At) -> _At:
                direction = jnp.linalg.solve(_system(weights, now.slope), now.gap)
                return _damped(lambda h: at(h, row, now.steps + 1), now, direction)

            return jax.lax.while_loop(proceed, body, at(first, row, jnp.zeros((), jnp.int32)))

        found = jax.lax.map(one, (x, start))
        return Solution(found.state, found.residual, found.steps, found.converged)

    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
    ) -> Solution:
        r"""Dense solves of $(I - D_iW)v_i = r_i$, or of $(I - W^\top D_i)v_i = r_i$."""

        def one(given: tuple[Array, Array]) -> Float[Array, " m"]:
            matrix = _system(weights, given[0])
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


def _system(weights: Float[Array, "m m"], slope: Float[Array, " m"]) -> Float[Array, "m m"]:
    return jnp.eye(weights.shape[0], dtype=weights.dtype) - slope[:, None] * weights


def _damped(at, now: _At, direction: Float[Array, " m"]) -> _At:
    """The first of the halved steps that lowers the residual; else a step of the plain map."""
    size = jnp.linalg.norm(now.gap)

    def enough(new: _At, t: Float[Array, ""]) -> Bool[Array, ""]:
        # Where the residual is at the level of rounding, no step can lower it much.
        return new.converged | (jnp.linalg.norm(new.gap) <= (1.0 - _DECREASE * t) * size)

    def proceed(trial: tuple[_At, Array]) -> Bool[Array, ""]:
        new, t = trial
        return ~enough(new, t) & (t > 2.0**-_HALVINGS)

    def halve(trial: tuple[_At, Array]) -> tuple[_At, Array]:
        t = trial[1] / 2
        return at(now.state + t * direction), t

    one = jnp.ones((), size.dtype)
    new, t = jax.lax.while_loop(proceed, halve, (at(now.state + direction), one))
    plain = at(now.state + now.gap)
    taken = jax.tree.map(lambda a, b: jnp.where(enough(new, t), a, b), new, plain)
    return taken
