r"""How much curvature there certainly is: points and directions found by search.

A lower bound of what `jacobian_lipschitz` bounds from above, so that their ratio says how loose
the upper bound can be.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from surefit.core.check import Evidence
from surefit.core.layer import Params
from surefit.core.precision import as_float64, float64
from surefit.curvature.bound import jacobian_lipschitz
from surefit.problem import Problem

__all__ = ["CurvatureFound", "curvature_found", "looseness"]

Vector = Float[Array, " p"]


@dataclasses.dataclass(frozen=True)
class CurvatureFound:
    r"""A lower bound of $\sup\lVert D^2f\rVert$ over a ball.

    Args:
        value: the largest $\lVert D^2f(\theta)[u,u]\rVert$ found over unit vectors $u$.
        radius: of the ball.
        points: how many points of the ball were tried.
        evidence: `sampled`.
    """

    value: float
    radius: float
    points: int
    evidence: Evidence = Evidence.SAMPLED


@float64
def curvature_found(
    problem: Problem,
    params: Params,
    radius: float = 0.0,
    *,
    points: int = 4,
    starts: int = 6,
    steps: int = 60,
    seed: int = 0,
) -> CurvatureFound:
    r"""The largest curvature that a search finds in a ball.

    At each point the direction climbs: with $g = D^2f[u,u]$ normalised, $u$ is replaced by
    $\langle g, D^2f\rangle u + \lVert D^2f[u,u]\rVert u$, normalised (a shifted power method, which
    never falls below its start for long; the best value counts). Half the points lie on the sphere.

    Args:
        problem: network and data.
        params: the centre of the ball.
        radius: of the ball; 0: the centre only.
        points: of the ball, besides the centre.
        starts: random directions at each point.
        steps: climbing steps per direction.
        seed: of points and directions.

    Cost:
        `(points + 1) * starts * steps` times about six passes through the network.
    """
    params = as_float64(params)
    centre, _ = ravel_pytree(problem.split(params)[0])
    if centre.size == 0:
        return CurvatureFound(0.0, radius, 0)
    rng = np.random.default_rng(seed)
    best, tried = 0.0, points + 1 if radius > 0 else 1
    for number in range(tried):
        direction = rng.normal(size=centre.size)
        length = radius * (1.0 if number % 2 else rng.random()) if number else 0.0
        theta = centre + jnp.asarray(length / np.linalg.norm(direction) * direction)
        begin = jnp.asarray(rng.normal(size=(starts, centre.size)))
        best = max(best, float(jnp.max(_climb(problem, params, theta, begin, steps))))
    return CurvatureFound(best, radius, tried)


@float64
def looseness(problem: Problem, params: Params, radius: float = 0.0, **search: Any) -> float:
    """The upper bound over the lower bound: the factor by which the former may be too large.

    Args:
        problem: network and data.
        params: the centre of the ball.
        radius: of the ball.
        **search: further arguments of `curvature_found`.

    Returns:
        At least 1 up to rounding; NaN where no upper bound is known, infinite where it is, 1 where
        both are 0.
    """
    above = jacobian_lipschitz(problem, params, radius)
    if above is None:
        return math.nan
    below = curvature_found(problem, params, radius, **search).value
    if below == 0.0:
        return 1.0 if above.value == 0.0 else math.inf
    return above.value / below


@eqx.filter_jit
def _climb(problem: Problem, params: Params, theta: Vector, starts: Array, steps: int) -> Array:
    """The largest curvature on the way of each start, at one point."""
    moving, fixed = problem.split(params)
    _, unravel = ravel_pytree(moving)
    tiny = jnp.finfo(theta.dtype).tiny

    def outputs(flat: Vector) -> Array:
        whole = eqx.combine(unravel(flat), fixed)
        return problem.network.apply(whole, problem.x).reshape(-1)

    def second(u: Vector) -> Array:
        return jax.jvp(lambda t: jax.jvp(outputs, (t,), (u,))[1], (theta,), (u,))[1]

    def step(now: tuple[Vector, Array], _: None) -> tuple[tuple[Vector, Array], None]:
        u, best = now
        u = u / (jnp.linalg.norm(u) + tiny)
        value, pull = jax.vjp(second, u)
        size = jnp.linalg.norm(value)
        (moved,) = pull(value / (size + tiny))
        return (moved + size * u, jnp.maximum(best, size)), None

    def climb(u: Vector) -> Array:
        begin = (u, jnp.zeros((), u.dtype))
        return jax.lax.scan(step, begin, None, length=steps)[0][1]

    return jax.lax.map(climb, starts)
