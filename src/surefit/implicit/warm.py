r"""Warm starts: while training, equilibria and adjoints begin where the previous step left them.

A training step runs the network inside of `warm_starts(...)`. Every equilibrium in it then takes
its own start, in the order of evaluation, and notes its state for the step after. The adjoint of
the previous step goes in as an argument on which nothing depends; its cotangent is the adjoint of
this step, which is how it comes out of a backward pass.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from surefit.implicit.slope import slope_at
from surefit.implicit.solver import Elementwise, Solver

__all__ = ["Dual", "Hint", "WarmStarts", "cold_hint", "current", "warm_starts"]


class Hint(NamedTuple):
    """What an equilibrium knew after the previous training step.

    Args:
        state: the equilibrium.
        before: that of one step earlier.
        adjoint: the solution of the transposed linear system.
        cotangent: its right-hand side.
        age: how many steps were made; before the second one nothing can be extrapolated.
    """

    state: Float[Array, "n m"]
    before: Float[Array, "n m"]
    adjoint: Float[Array, "n m"]
    cotangent: Float[Array, "n m"]
    age: Int[Array, ""]

    def start(self) -> Float[Array, "n m"]:
        """Where to begin: on the line through the last two states, if there are two."""
        return jnp.where(self.age > 1, 2.0 * self.state - self.before, self.state)

    @property
    def dual(self) -> Dual:
        """The part that comes out of a backward pass."""
        return Dual(self.adjoint, self.cotangent)

    def followed_by(self, state: Float[Array, "n m"], dual: Dual) -> Hint:
        """The hint for the next step."""
        return Hint(state, self.state, *dual, self.age + 1)


class Dual(NamedTuple):
    """Solution and right-hand side of the transposed system of one step."""

    adjoint: Float[Array, "n m"]
    cotangent: Float[Array, "n m"]

    def start(self, cotangent: Float[Array, "n m"]) -> Float[Array, "n m"]:
        r"""Where to begin for another right-hand side $c$.

        With one output every $c_i$ is a multiple of one vector that hardly moves, and so is the
        solution: the previous one times $\langle c_i, c'_i\rangle/\|c'_i\|^2$.
        """
        size = jnp.sum(self.cotangent**2, axis=1)
        factor = jnp.sum(self.cotangent * cotangent, axis=1) / jnp.where(size > 0, size, 1.0)
        return factor[:, None] * self.adjoint


def cold_hint(shape: tuple[int, ...], dtype: Any) -> Hint:
    """The hint of somebody who knows nothing: begin at zero."""
    zero = jnp.zeros(shape, dtype)
    return Hint(zero, zero, zero, zero, jnp.zeros((), jnp.int32))


class WarmStarts:
    """The hints of one pass through a network.

    Args:
        starts: one per equilibrium, in the order of evaluation; None: note shapes only.
        duals: likewise.
    """

    def __init__(
        self, starts: tuple[Float[Array, "_ _"], ...] | None, duals: tuple[Dual, ...]
    ) -> None:
        self._starts, self._duals = starts, duals
        self.states: list[Float[Array, "n m"]] = []
        self.shapes: list[jax.ShapeDtypeStruct] = []

    def equilibrium(
        self,
        activation: Elementwise,
        solver: Solver,
        poison: bool,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
    ) -> Float[Array, "n m"]:
        """As `surefit.implicit.equilibrium`, from the next hint; first derivatives only."""
        position = len(self.shapes)
        self.shapes.append(jax.ShapeDtypeStruct(x.shape, x.dtype))
        if self._starts is None:
            return x
        start, dual = self._starts[position], self._duals[position]
        h = _warm(activation, solver, poison, weights, x, start, dual)
        self.states.append(jax.lax.stop_gradient(h))
        return h


_CURRENT: contextvars.ContextVar[WarmStarts | None] = contextvars.ContextVar("warm", default=None)


def current() -> WarmStarts | None:
    """What the equilibria of the pass under way are to use; None outside of `warm_starts`."""
    return _CURRENT.get()


@contextlib.contextmanager
def warm_starts(
    starts: tuple[Float[Array, "_ _"], ...] | None, duals: tuple[Dual, ...] = ()
) -> Iterator[WarmStarts]:
    """Equilibria that are evaluated inside begin there, in the order of evaluation."""
    warm = WarmStarts(starts, duals)
    token = _CURRENT.set(warm)
    try:
        yield warm
    finally:
        _CURRENT.reset(token)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _warm(
    activation: Elementwise,
    solver: Solver,
    poison: bool,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
    start: Float[Array, "n m"],
    dual: Dual,
) -> Float[Array, "n m"]:
    return solver.solve(activation, weights, x, start).value(poison)


def _warm_forward(
    activation: Any,
    solver: Solver,
    poison: bool,
    weights: Array,
    x: Array,
    start: Array,
    dual: Dual,
) -> tuple[Array, tuple]:
    h = _warm(activation, solver, poison, weights, x, start, dual)
    return h, (weights, h, slope_at(activation, weights, h, x), dual)


def _warm_backward(
    activation: Any, solver: Solver, poison: bool, kept: tuple, cotangent: Array
) -> tuple[Array, Array, Array, Dual]:
    weights, h, slope, dual = kept
    found = solver.solve_linear(
        weights, slope, cotangent, transpose=True, start=dual.start(cotangent)
    )
    adjoint = found.value(poison)
    p = slope * adjoint
    # Nothing depends on `start`, nor on `dual`, whose place carries the new one out.
    return p.T @ h, p, jnp.zeros_like(h), Dual(adjoint, cotangent)


_warm.defvjp(_warm_forward, _warm_backward)
