r"""How far one step of descent in float64 is off, anywhere on a ball.

For two dense layers with a smooth activation this is a bound, $\varepsilon_{64}$ of
docs/certificates/rounding.md, which the checker computes again. For other networks it is measured.
"""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from surefit.certificates.floor.plan import Errors
from surefit.certificates.point import Point
from surefit.certificates.shadowing.layers import SMOOTH, TwoLayers
from surefit.core.layer import Params
from surefit.core.precision import cast_floats, float64
from surefit.core.rounding import UNIT_ROUNDOFF, gamma
from surefit.errors import NumericalError

__all__ = ["bounded", "measured"]

# Of the elementary functions and their derivatives; the checker assumes the same.
_VALUE, _SLOPE = 2.0**-47, 2.0**-44
# Roundings per sum beyond its terms: two more than the proof needs, as the checker counts them.
_MORE = 6
# Float32 rounds 2^29 times as coarsely; so many times the measured error is allowed for.
_COARSER, _SAFETY = 2.0**29, 16.0


def bounded(layers: TwoLayers) -> Errors:
    """The bound for two dense layers."""
    smooth, s, norm = SMOOTH[layers.name], layers.scale, np.linalg.norm
    (n, d), (k, m) = layers.u.shape, layers.v.shape
    u_all, u_row = float(norm(layers.u)), float(np.max(norm(layers.u, axis=1)))
    y_all = float(norm(layers.y))
    rows, columns = norm(layers.w, axis=1), norm(layers.v, axis=0)
    features = np.asarray(jax.vmap(jax.vmap(smooth.function))(layers.u @ layers.w.T))
    features = np.abs(features - layers.shift)
    weights = math.hypot(norm(layers.w), norm(layers.v))
    g, root = gamma(d + _MORE), math.sqrt(n * m)

    def errors(rho: float, residual: float, beta: float, step: float) -> float:
        w_row, v_row = float(np.max(rows)) + rho, float(np.max(columns)) + rho
        w_all, v_all = float(norm(layers.w)) + rho, float(norm(layers.v)) + rho
        both = float(norm(rows * columns)) + rho * (w_row + v_row)
        value = _VALUE
        if layers.name == "softplus":
            value += 4.0 * UNIT_ROUNDOFF * u_row * w_row
        # Computed features and slopes are no larger than these.
        h = float(norm(features + smooth.slope * u_row * (rho + 2.0 * g * w_row) + 2.0 * value))
        slopes = _SLOPE + smooth.bend * g * u_row * w_row

        def of_residual(size: float) -> float:
            error = g * u_row * root * (smooth.slope + slopes) * both
            error = s * (error + (value * root + gamma(m + _MORE) * h) * v_all)
            return error + UNIT_ROUNDOFF * (8.0 * (size + 2.0 * y_all) + y_all)

        of_gradient = (
            value * root + smooth.slope * g * u_all * w_all + u_row * v_row * root * slopes
        )
        of_gradient += gamma(n + k + 8 + _MORE) * (
            h + 1.01 * u_row * math.sqrt(n) * smooth.slope * v_all
        )
        size = residual + of_residual(residual)
        error = step * (beta * of_residual(size) + s * of_gradient * size)
        moved = step * beta * residual + error
        return error + UNIT_ROUNDOFF * (weights + rho + 8.0 * moved)

    return errors


@float64
def measured(point: Point) -> Errors | None:
    """16 times the error at the saved weights, as the difference of float32 and float64 shows it.

    It grows with what stands around it: the residual and the radius.

    Returns:
        None where the gradient cannot be computed in float32.
    """
    problem = point.problem
    moving, fixed = problem.split(jax.tree.map(jnp.asarray, point.params))

    def gradient(precision: type) -> np.ndarray:
        def loss(part: Params) -> Float[Array, ""]:
            params = eqx.combine(part, cast_floats(fixed, precision))
            outputs = problem.network.apply(params, problem.x.astype(precision))
            return problem.loss(outputs, problem.y.astype(precision))

        found = jax.grad(loss)(cast_floats(moving, precision))
        return np.asarray(ravel_pytree(found)[0], np.float64) / point.factor

    try:
        coarse = float(np.linalg.norm(gradient(jnp.float32) - gradient(jnp.float64)))
    except NumericalError:  # an equilibrium that is not found in float32
        return None
    if not math.isfinite(coarse):
        return None
    weights = float(np.linalg.norm(np.asarray(ravel_pytree(moving)[0], np.float64)))
    own = _SAFETY * coarse / _COARSER

    def errors(rho: float, residual: float, beta: float, step: float) -> float:
        wider = step * (own + 64.0 * UNIT_ROUNDOFF * beta * residual)
        return wider + UNIT_ROUNDOFF * (weights + rho)

    return errors
