"""The arguments of `train`, checked before any work."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Params
from surefit.core.precision import as_float64
from surefit.core.tree import leaf_names
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.method import Method

__all__ = ["check_functions", "check_numbers", "check_precision", "check_reached", "own_params"]


def check_numbers(steps: Any, every: Any, target_loss: Any, seed: Any) -> None:
    """Refuse counts that are no counts and a target that is no number.

    Raises:
        InvalidInputError: one of them is.
    """
    _require_count("steps", steps, 0, "It is how many steps are made at most. Pass 10_000, say.")
    if every is not None:
        why = "It is the number of steps between measurements. Pass 100, say, or None."
        _require_count("every", every, 1, why)
    _require_count("seed", seed, 0, "It decides everything random. Pass 0, say.")
    is_number = isinstance(target_loss, int | float | np.floating)
    if target_loss is not None and not (is_number and math.isfinite(target_loss)):
        raise InvalidInputError(
            f"`train(target_loss=...)` must be a finite number or None. Got {target_loss!r}. "
            "Training stops at the first loss that is at most this. Pass 1e-6, say."
        )


def check_functions(stop: Any, progress: Any) -> None:
    """What is called during a run can be called.

    Raises:
        InvalidInputError: it cannot.
    """
    if stop is not None and not callable(stop):
        raise InvalidInputError(
            f"`train(stop=...)` must be a function of problem, parameters and step. Got {stop!r}. "
            "It is asked at every pause whether to end. Leave it out, or pass `target_loss`."
        )
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidInputError(
            "`train(progress=...)` must be True, False or a function of step, steps and values. "
            f"Got {progress!r}. True shows a bar. Write progress=True."
        )


def check_precision(precision: Any, method: Method) -> None:
    """The precision of the steps is known, and the method can work in it.

    Raises:
        InvalidInputError: it is not.
    """
    if precision not in ("float64", "float32"):
        raise InvalidInputError(
            f"`train(precision=...)` must be 'float64' or 'float32'. Got {precision!r}. It is that "
            "of the steps; measurements are made in float64. Leave it out for float64."
        )
    if precision == "float32" and not method.single_precision:
        raise InvalidInputError(
            f"`train(precision=...)` must be 'float64' for the method {method.name!r}. Got "
            "'float32'. Its own tolerances are below what single precision can reach. Use "
            "gradient descent, or float64."
        )


def check_reached(steps: int, reached: int, where: Any) -> None:
    """Refuse to make fewer steps than a checkpoint holds.

    Raises:
        InvalidInputError: the run is further already.
    """
    if reached > steps:
        raise InvalidInputError(
            f"`train(steps=...)` must be at least {reached}, the number of steps of the checkpoint "
            f"in {where}. Got {steps}. A run does not go back. Pass more steps, or another "
            "directory."
        )


def own_params(problem: Problem, params: Params) -> Params:
    """The parameters in float64, in memory of their own.

    Raises:
        InvalidInputError: they belong to another network, are not finite, or nothing is trained.
    """
    wanted = jax.eval_shape(lambda: problem.network.init(jax.random.key(0), problem.x.shape[1:]))
    given = jax.tree.map(jnp.shape, params, is_leaf=lambda leaf: leaf is None)
    shapes = jax.tree.map(lambda leaf: leaf.shape, wanted)
    if given != shapes:
        raise InvalidInputError(
            "`train(params=...)` must be parameters of the problem's network. Got leaves of shapes "
            f"{_leaves(given)} where the network has {_leaves(shapes)}. Take them from "
            "`problem.init(seed)`."
        )
    params = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), as_float64(params))
    for name, leaf in zip(leaf_names(params), jax.tree.leaves(params), strict=True):
        if not bool(jnp.all(jnp.isfinite(leaf))):
            raise InvalidInputError(
                f"`train(params=...)` must be finite. Got NaN or infinity in {name!r}. Descent "
                "from there stays there. Take the parameters from `problem.init(seed)`."
            )
    if problem.parameters(params) == 0:
        raise InvalidInputError(
            "`train(problem=...)` must have trained parameters. Got a network of which none is. "
            "Nothing would move. Write `Dense(..., trained=True)` for at least one layer."
        )
    return params


def _require_count(name: str, value: Any, least: int, why: str) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise InvalidInputError(
            f"`train({name}=...)` must be a whole number of at least {least}. Got {value!r}. {why}"
        )


def _leaves(shapes: Any) -> list[tuple[int, ...]]:
    def is_shape(thing: Any) -> bool:
        return isinstance(thing, tuple) and bool(thing) and all(isinstance(i, int) for i in thing)

    return jax.tree.leaves(shapes, is_leaf=is_shape)
