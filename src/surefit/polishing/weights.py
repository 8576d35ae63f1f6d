"""Moves of the trained weights, and how long they are."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem

__all__ = ["distance", "jittered", "moved_by", "residual"]


@eqx.filter_jit
def residual(problem: Problem, params: Params) -> Float[Array, " nk"]:
    """f - y, compiled."""
    return (problem.network.apply(params, problem.x) - problem.y).reshape(-1)


@eqx.filter_jit
def moved_by(problem: Problem, params: Params, v: Float[Array, " nk"]) -> Params:
    r"""$\theta - J^\top v$: one forward and one backward pass."""
    moving, fixed = problem.split(params)

    def outputs(part: Params) -> Float[Array, " nk"]:
        return problem.network.apply(eqx.combine(part, fixed), problem.x).reshape(-1)

    _, pull = jax.vjp(outputs, moving)
    (step,) = pull(v)
    return eqx.combine(jax.tree.map(lambda now, change: now - change, moving, step), fixed)


def distance(problem: Problem, one: Params, two: Params) -> tuple[float, float]:
    """(Euclidean distance of the trained weights, the same over the norm of the first)."""
    flat = [np.asarray(ravel_pytree(problem.split(params)[0])[0]) for params in (one, two)]
    moved = float(np.linalg.norm(flat[1] - flat[0]))
    size = float(np.linalg.norm(flat[0]))
    return moved, moved / size if size > 0 else 0.0


def jittered(problem: Problem, params: Params, scale: float, seed: int) -> Params:
    """Every trained weight perturbed by `scale` times the root mean square of its array."""
    moving, fixed = problem.split(params)
    rng = np.random.default_rng(seed)

    def perturbed(leaf: Any) -> Any:
        size = float(np.sqrt(np.mean(np.asarray(leaf) ** 2)))
        return leaf + jnp.asarray(scale * size * rng.standard_normal(leaf.shape))

    return eqx.combine(jax.tree.map(perturbed, moving), fixed)
