"""Equilibria and their adjoints at finite width, to the last digits, for Gram matrices."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from surefit.errors import NumericalError

__all__ = ["adjoint_states", "equilibrium_states", "transposed_states"]

MOST = 5000
CLOSE = 1e-15
ROUNDING = 1e-14  # where changes may hover for wide layers or norms above 1
PATIENCE = 30  # steps from there on

States = Float[Array, "n m"]
Matrix = Float[Array, "m m"]
Active = Bool[Array, "n m"]


def equilibrium_states(matrix: Matrix, injection: States) -> States:
    r"""$z_i = \sigma(Bz_i + b_i)$ as rows, by iteration from 0.

    Args:
        matrix: $B$.
        injection: $b_i$ as rows.

    Cost: $nm^2$ operations per step; the error shrinks by $\|B\|$ per step or faster.

    Raises:
        NumericalError: no convergence.
    """
    return _converged(_forward, jnp.zeros_like(injection), matrix, injection)


def adjoint_states(matrix: Matrix, active: Active, readout: Float[Array, " m"]) -> States:
    r"""$p_i = D_i^\top(I - D_iB)^{-\top}u$ as rows.

    Args:
        matrix: $B$.
        active: the diagonals of $D_i$ as rows.
        readout: $u$.

    Cost: as `equilibrium_states`, with the same rate.

    Raises:
        NumericalError: no convergence.
    """
    start = jnp.broadcast_to(readout, active.shape)
    return jnp.where(active, _converged(_backward, start, matrix, active, start), 0.0)


def transposed_states(matrix: Matrix, active: Active, readout: Float[Array, " m"]) -> States:
    r"""$D_i^\top(I - D_iB)^{-1}u$ as rows, which stands in (16) of Gao et al. by a misprint.

    Raises:
        NumericalError: no convergence.
    """
    start = jnp.broadcast_to(readout, active.shape)
    return jnp.where(active, _converged(_misprinted, start, matrix, active, start), 0.0)


def _forward(z: States, matrix: Matrix, injection: States) -> States:
    return jnp.maximum(z @ matrix.T + injection, 0.0)


def _backward(v: States, matrix: Matrix, active: Active, readout: States) -> States:
    return readout + jnp.where(active, v, 0.0) @ matrix


def _misprinted(v: States, matrix: Matrix, active: Active, readout: States) -> States:
    return readout + jnp.where(active, v @ matrix.T, 0.0)


def _converged(step: Callable, start: States, *constants: Array) -> States:
    states, change = _iterate(step, start, *constants)
    change = float(change)
    if not change <= ROUNDING:
        raise NumericalError(
            f"The states of an equilibrium must converge. Got a relative change of {change:.3g} "
            f"after {MOST} steps. The operator norm of the scaled weights is "
            f"{np.linalg.norm(np.asarray(constants[0]), 2):.4g}; below 1 the iteration always "
            "converges, above 1 it need not. Write a smaller gain."
        )
    return states


@functools.partial(jax.jit, static_argnums=0)
def _iterate(step: Callable, start: States, *constants: Array) -> tuple[States, Float[Array, ""]]:
    def more(carry: tuple) -> Bool[Array, ""]:
        count, rounded, _, change = carry
        going = (change > CLOSE) & (rounded < PATIENCE) & jnp.isfinite(change)
        return (count < MOST) & going

    def body(carry: tuple) -> tuple:
        count, rounded, old, _ = carry
        new = step(old, *constants)
        scale = jnp.maximum(jnp.max(jnp.abs(new)), jnp.finfo(new.dtype).tiny)
        change = jnp.max(jnp.abs(new - old)) / scale
        return count + 1, rounded + jnp.where(change <= ROUNDING, 1, 0), new, change

    first = body((0, 0, start, jnp.zeros((), start.dtype)))
    # The first step may stand still by chance of the start, the second does not.
    return jax.lax.while_loop(more, body, body(first))[2:]
