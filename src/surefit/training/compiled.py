"""The three compiled functions of training: start, advance, measure.

Each is compiled once per network, method, monitors and shapes; step sizes, seeds, data and the
number of steps are arguments of the compiled code.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from surefit.core.layer import Params
from surefit.core.precision import cast_floats
from surefit.problem import Problem
from surefit.training.method import Method
from surefit.training.monitor import Monitor, Move
from surefit.training.view import View

__all__ = ["Arrived", "Window", "advance", "measure", "start", "with_traced_numbers"]

Carries = dict[str, Any]


class Window(NamedTuple):
    """The losses at which the loop goes on."""

    target: Float[Array, ""]
    limit: Float[Array, ""]


class Arrived(NamedTuple):
    """Where `advance` got to.

    Args:
        step: how many steps were made in all.
        moving: the trained parameters.
        state: of the method.
        carries: of the accumulating monitors.
        records: loss and squared residual behind every step made, where the method knows them.
        healthy: what the method says of itself.
    """

    step: Int[Array, ""]
    moving: Params
    state: Any
    carries: Carries
    records: Float[Array, "length 2"]
    healthy: Bool[Array, ""]


def with_traced_numbers(method: Method) -> Method:
    """The method with floats as arrays, so that another value does not compile anew."""
    return jax.tree.map(
        lambda x: jnp.asarray(x, jnp.float64) if isinstance(x, float) else x, method
    )


def _view(
    problem: Problem, initial: Params, moving: Params, fixed: Params, method: Method, state: Any
) -> View:
    # What is measured is measured in float64, in whatever precision the steps are made.
    seen = method.evaluation(state)
    return View(problem, *cast_floats((initial, moving, fixed, seen), jnp.float64))


@eqx.filter_jit
def start(
    problem: Problem,
    stepping: Problem,
    method: Method,
    monitors: tuple[Monitor, ...],
    moving: Params,
    fixed: Params,
) -> tuple[Any, Carries]:
    """The state of the method and the carries of the monitors at the first parameters."""
    state = method.start(stepping, moving, fixed)
    view = _view(problem, moving, moving, fixed, method, state)
    carries = {monitor.name: monitor.start(view) for monitor in monitors}
    # With types that are not weak, as they are after the first step: one compilation less.
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, leaf.dtype), (state, carries))


@eqx.filter_jit
def advance(
    problem: Problem,
    method: Method,
    monitors: tuple[Monitor, ...],
    *,
    length: int,
    fixed: Params,
    begin: Int[Array, ""],
    end: Int[Array, ""],
    moving: Params,
    state: Any,
    carries: Carries,
    window: Window,
    key: PRNGKeyArray,
) -> Arrived:
    """Steps from `begin` on until `end`, or until the loss leaves the window.

    Args:
        problem: network, loss and data, in the precision of the steps.
        method: settled, with its numbers as arrays.
        monitors: those that accumulate.
        length: an upper bound of `end - begin`.
        fixed: the parameters that are not trained.
        begin: the number of steps made before.
        end: the number of steps to reach.
        moving: the trained parameters.
        state: of the method.
        carries: of those monitors.
        window: the loop goes on while the loss is above the target and not above the limit.
        key: the randomness of the whole run.

    The arguments are not donated: where a chunk ends in numbers that are not finite, or is
    interrupted, the run falls back on where the chunk began.
    """

    def proceed(now: tuple[Arrived, Bool[Array, ""]]) -> Bool[Array, ""]:
        arrived, inside = now
        return (arrived.step < end) & inside

    def body(now: tuple[Arrived, Bool[Array, ""]]) -> tuple[Arrived, Bool[Array, ""]]:
        at, _ = now
        own = jax.random.fold_in(key, at.step)
        after, state = method.step(problem, at.moving, fixed, at.state, step=at.step, key=own)
        move = Move(at.step + 1, *cast_floats((at.moving, after), jnp.float64))
        carries = {m.name: m.update(at.carries[m.name], move) for m in monitors}
        healthy = method.healthy(state)
        seen, records, inside = method.evaluation(state), at.records, healthy
        if seen is not None:
            row = jnp.stack([seen.loss, seen.squared_residual]).astype(records.dtype)
            records = records.at[at.step - begin].set(row)
            # Not a number is inside of no window.
            inside &= (row[0] > window.target) & (row[0] <= window.limit)
        return Arrived(at.step + 1, after, state, carries, records, healthy), inside

    records = jnp.full((length, 2), jnp.nan)
    first = Arrived(begin, moving, state, carries, records, jnp.asarray(True))
    return jax.lax.while_loop(proceed, body, (first, jnp.asarray(True)))[0]


@eqx.filter_jit
def measure(
    problem: Problem,
    method: Method,
    monitors: tuple[Monitor, ...],
    *,
    initial: Params,
    moving: Params,
    fixed: Params,
    state: Any,
    carries: Carries,
) -> dict[str, Float[Array, "..."]]:
    """What the monitors measure, by name; quantities that several of them need are shared."""
    view = _view(problem, initial, moving, fixed, method, state)
    return {monitor.name: monitor.measure(carries[monitor.name], view) for monitor in monitors}
