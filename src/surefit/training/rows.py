"""What single runs do, done for all rows of stacked arrays at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from surefit.core.layer import Params
from surefit.core.tree import combine
from surefit.problem import Problem
from surefit.training.compiled import Arrived, Window, advance, start
from surefit.training.method import Method

__all__ = ["advance_rows", "loss_of_rows", "stacked", "start_rows"]


def stacked(trees: Sequence[Any]) -> Any:
    """One tree whose leaves have a row per tree."""
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *trees)


@eqx.filter_jit
def start_rows(problem: Problem, method: Method, moving: Params, fixed: Params) -> Any:
    """The state of the method, row by row."""

    def one(method: Method, moving: Params, fixed: Params) -> Any:
        return start(problem, problem, method, (), moving, fixed)[0]

    return eqx.filter_vmap(one)(method, moving, fixed)


@eqx.filter_jit
def loss_of_rows(problem: Problem, moving: Params, fixed: Params) -> Float[Array, " r"]:
    """The loss of every row."""

    def one(moving: Params, fixed: Params) -> Float[Array, ""]:
        return problem.loss(problem.network.apply(combine(moving, fixed), problem.x), problem.y)

    return eqx.filter_vmap(one)(moving, fixed)


@eqx.filter_jit
def advance_rows(
    problem: Problem,
    method: Method,
    length: int,
    fixed: Params,
    begin: Int[Array, " r"],
    end: Int[Array, " r"],
    moving: Params,
    state: Any,
    window: Window,
    key: Key[Array, " r"],
) -> Arrived:
    """The loop of single runs, for all rows: a row that has ended waits for the others."""

    def one(*row: Any) -> Arrived:
        method, fixed, begin, end, moving, state, window, key = row
        return advance(
            problem,
            method,
            (),
            length=length,
            fixed=fixed,
            begin=begin,
            end=end,
            moving=moving,
            state=state,
            carries={},
            window=window,
            key=key,
        )

    return eqx.filter_vmap(one)(method, fixed, begin, end, moving, state, window, key)
