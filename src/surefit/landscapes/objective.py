"""The objective as a function of the trained parameters in one vector, and its derivatives."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.spectrum import SymmetricOperator
from surefit.core.tree import ravel
from surefit.landscapes.smoothing import input_sizes, smoothed
from surefit.problem import Problem

__all__ = ["Objective"]

Scales = tuple[Float[Array, ""], ...]


class Objective(eqx.Module):
    r"""$F$ as a function of the trained parameters, around a point $\theta$.

    Args:
        problem: network, loss and data.
        moving: the trained parameters at $\theta$.
        fixed: the others.
        scales: at which rectifiers are rounded, for products with the Hessian; empty: as they are.
    """

    problem: Problem
    moving: Params
    fixed: Params
    scales: Scales = ()

    @property
    def size(self) -> int:
        """The number of trained parameters."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.moving))

    def values(
        self, directions: Float[np.ndarray, "k p"], places: Float[np.ndarray, "q k"]
    ) -> Float[np.ndarray, " q"]:
        r"""$F(\theta + \sum_j c_jd_j)$ at every row $c$ of `places`."""
        return np.asarray(_values(self, jnp.asarray(directions), jnp.asarray(places)))

    def value_and_gradient(self) -> tuple[float, Float[np.ndarray, " p"]]:
        r"""$F(\theta)$ and $\nabla F(\theta)$; at a kink the value that differentiation gives."""
        value, gradient = _value_and_gradient(self)
        return float(value), np.asarray(gradient)

    def rounded(self, smoothing: float) -> Objective:
        """The same with rectifiers rounded at `smoothing` times the size of their inputs."""
        sizes = _sizes(self) if smoothing else ()
        scales = tuple(smoothing * size for size in sizes)
        return Objective(self.problem, self.moving, self.fixed, scales)

    def hessian(self) -> SymmetricOperator:
        """Products with the Hessian at the point: a forward derivative of the gradient."""
        return SymmetricOperator(lambda v: _product(self, jnp.asarray(v)), self.size)


def _at(objective: Objective, moving: Params) -> Float[Array, ""]:
    problem, network = objective.problem, objective.problem.network
    if objective.scales:
        network = smoothed(network, objective.scales)
    outputs = network.apply(eqx.combine(moving, objective.fixed), problem.x)
    return problem.loss(outputs, problem.y)


@eqx.filter_jit
def _sizes(objective: Objective) -> Scales:
    params = eqx.combine(objective.moving, objective.fixed)
    return input_sizes(objective.problem.network, params, objective.problem.x)


@eqx.filter_jit
def _value_and_gradient(objective: Objective) -> tuple[Float[Array, ""], Float[Array, " p"]]:
    value, slope = jax.value_and_grad(lambda part: _at(objective, part))(objective.moving)
    return value, ravel(slope)[0]


@eqx.filter_jit
def _product(objective: Objective, v: Float[Array, " p"]) -> Float[Array, " p"]:
    _, unravel = ravel(objective.moving)
    slope = jax.grad(lambda part: _at(objective, part))
    return ravel(jax.jvp(slope, (objective.moving,), (unravel(v),))[1])[0]


@eqx.filter_jit
def _values(
    objective: Objective, directions: Float[Array, "k p"], places: Float[Array, "q k"]
) -> Float[Array, " q"]:
    start, unravel = ravel(objective.moving)
    # One point after the other: a batch of points would hold a copy of the weights for each.
    return jax.lax.map(lambda c: _at(objective, unravel(start + c @ directions)), places)
