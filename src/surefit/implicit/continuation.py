"""Newton's method for the equilibrium of one sample, led there from smaller weights if need be."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from surefit.implicit.solver import Elementwise, relative_residual

__all__ = ["follow", "system"]

# Newton steps at one factor s before it counts as too far, and the smallest increase of s.
_PATIENCE, _SHORTEST = 12, 2.0**-12
# Damped steps t = 1, 1/2, ..., 2^-8 must lower the residual by this share of t.
_DAMPING, _DECREASE = 2.0**-8, 1e-4


class _Point(NamedTuple):
    """A state, and what the map of the weights times s makes of it."""

    state: Float[Array, " m"]
    gap: Float[Array, " m"]
    slope: Float[Array, " m"]
    finite: Bool[Array, ""]
    converged: Bool[Array, ""]


class _Path(NamedTuple):
    """Solved up to the factor `reached`, at `base`; trying `reached + ahead` from there."""

    now: _Point
    base: Float[Array, " m"]
    reached: Float[Array, ""]
    ahead: Float[Array, ""]
    tried: Int[Array, ""]
    steps: Int[Array, ""]


def system(weights: Float[Array, "m m"], slope: Float[Array, " m"]) -> Float[Array, "m m"]:
    r"""$I - DW$."""
    return jnp.eye(weights.shape[0], dtype=weights.dtype) - slope[:, None] * weights


def follow(
    activation: Elementwise,
    weights: Float[Array, "m m"],
    x: Float[Array, " m"],
    start: Float[Array, " m"],
    tolerance: float,
    max_steps: int,
) -> tuple[Float[Array, " m"], Int[Array, ""]]:
    r"""A state with $h = \phi(Wh + x)$, and the linear solves it took; check what it returns.

    First $s = 1$ is tried from `start`. Where that fails, the equilibria of $sW$ are followed from
    $s = 0$, where the equilibrium is $\phi(x)$: half the distance after a failure, twice as much
    after a success.

    Cost: $\frac23m^3$ per solve.
    """

    def at(state: Float[Array, " m"], factor: Float[Array, ""]) -> _Point:
        before = factor * (weights @ state) + x
        image = activation(before)
        residual, converged = relative_residual(image[None], state[None], tolerance)
        return _Point(
            state,
            image - state,
            activation.derivative(before),
            jnp.isfinite(residual[0]),
            converged[0],
        )

    def proceed(path: _Path) -> Bool[Array, ""]:
        whole = path.now.converged & (path.reached + path.ahead >= 1.0)
        lost = ~path.now.finite | (path.ahead < _SHORTEST)
        return ~whole & ~lost & (path.steps < max_steps)

    def body(path: _Path) -> _Path:
        factor = path.reached + path.ahead
        matrix = system(factor * weights, path.now.slope)
        new = _damped(lambda h: at(h, factor), path.now, jnp.linalg.solve(matrix, path.now.gap))
        solved = new.converged
        failed = ~solved & ((path.tried + 1 >= _PATIENCE) | ~new.finite)
        whole = solved & (factor >= 1.0)
        base = jnp.where(solved, new.state, path.base)
        reached = jnp.where(solved & ~whole, factor, path.reached)
        ahead = jnp.where(failed, path.ahead / 2, jnp.where(solved, 2 * path.ahead, path.ahead))
        ahead = jnp.where(whole, path.ahead, jnp.minimum(ahead, 1.0 - reached))
        now = at(jnp.where(failed, base, new.state), reached + ahead)
        tried = jnp.where(solved | failed, 0, path.tried + 1)
        return _Path(now, base, reached, ahead, tried, path.steps + 1)

    one = jnp.ones((), x.dtype)
    zero = jnp.zeros((), jnp.int32)
    first = _Path(at(start, one), activation(x), jnp.zeros_like(one), one, zero, zero)
    last = jax.lax.while_loop(proceed, body, first)
    return last.now.state, last.steps


def _damped(
    at: Callable[[Float[Array, " m"]], _Point], now: _Point, direction: Float[Array, " m"]
) -> _Point:
    """The first of the halved steps that lowers the residual; else a step of the map itself."""
    size = jnp.linalg.norm(now.gap)

    def enough(new: _Point, t: Float[Array, ""]) -> Bool[Array, ""]:
        # Where the residual is at the level of rounding, no step can lower it much.
        return new.converged | (jnp.linalg.norm(new.gap) <= (1.0 - _DECREASE * t) * size)

    def proceed(trial: tuple[_Point, Array]) -> Bool[Array, ""]:
        new, t = trial
        return ~enough(new, t) & (t > _DAMPING)

    def halve(trial: tuple[_Point, Array]) -> tuple[_Point, Array]:
        t = trial[1] / 2
        return at(now.state + t * direction), t

    one = jnp.ones((), size.dtype)
    new, t = jax.lax.while_loop(proceed, halve, (at(now.state + direction), one))
    plain = at(now.state + now.gap)
    return jax.tree.map(lambda a, b: jnp.where(enough(new, t), a, b), new, plain)
