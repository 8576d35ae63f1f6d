"""Iterations of a batch in which every sample stops by itself, and solvers made of them."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver, relative_residual

__all__ = ["FixedPointSolver", "Map", "iterate"]

Map: TypeAlias = Callable[[Float[Array, "n m"]], Float[Array, "n m"]]


def iterate(
    function: Map,
    start: Float[Array, "n m"],
    tolerance: float,
    max_steps: int,
    update: Callable[[Array, Array, Any], tuple[Array, Any]],
    memory: Any = (),
) -> Solution:
    r"""States with $h = f(h)$ to the tolerance, by any rule for the next state.

    A sample that has converged stays as it is, whatever the others do; its residual is measured at
    the state that is returned. One that is no longer finite is lost and not waited for.

    Args:
        function: $f$, row by row.
        start: where to begin.
        tolerance: relative residual at which a sample counts as converged.
        max_steps: applications of $f$ at most.
        update: from the state, its image under $f$ and the memory to the next state and memory.
        memory: what the rule carries along, with one entry per sample.

    Cost: one application of $f$ and one update per step.
    """

    def waiting(at: Solution) -> Bool[Array, " n"]:
        return ~at.converged & ((at.steps == 0) | jnp.isfinite(at.residual))

    def proceed(now: tuple[Solution, Array, Any]) -> Bool[Array, ""]:
        at, step, _ = now
        return (step < max_steps) & jnp.any(waiting(at))

    def body(now: tuple[Solution, Array, Any]) -> tuple[Solution, Array, Any]:
        at, step, memory = now
        image = function(at.state)
        residual, found = relative_residual(image, at.state, tolerance)
        new, memory = update(at.state, image, memory)
        moves = waiting(at)
        # The last image is not taken: its residual is not known.
        stays = ~moves | found | (step == max_steps - 1)
        return (
            Solution(
                state=jnp.where(stays[:, None], at.state, new),
                residual=jnp.where(moves, residual, at.residual),
                steps=jnp.where(moves, at.steps + 1, at.steps),
                converged=at.converged | (moves & found),
            ),
            step + 1,
            memory,
        )

    n = start.shape[0]
    first = Solution(
        start,
        jnp.full((n,), jnp.inf, start.dtype),
        jnp.zeros((n,), jnp.int32),
        jnp.zeros((n,), bool),
    )
    return jax.lax.while_loop(proceed, body, (first, jnp.zeros((), jnp.int32), memory))[0]


@dataclasses.dataclass(frozen=True)
class FixedPointSolver(Solver):
    """A solver that needs to know no more than how to apply the map.

    To add one, write `find`; equilibria and the linear systems of their derivatives, which are
    fixed points of affine maps, both use it.
    """

    @abc.abstractmethod
    def find(self, function: Map, start: Float[Array, "n m"]) -> Solution:
        r"""States with $h = f(h)$, from `start` on; rows do not see each other."""

    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on."""
        return self.find(lambda h: activation(h @ weights.T + x), start)

    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
        start: Float[Array, "n m"] | None = None,
    ) -> Solution:
        r"""Fixed points of $v \mapsto D_iWv + r_i$ or of $v \mapsto W^\top D_iv + r_i$."""
        start = rhs if start is None else start
        if transpose:
            return self.find(lambda v: (slope * v) @ weights + rhs, start)
        return self.find(lambda v: slope * (v @ weights.T) + rhs, start)
