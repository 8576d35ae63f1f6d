"""Duals with everything that depends on one image alone computed beforehand."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations.fast_arc_cosine import rectifier_pair
from surefit.activations.leaky_relu import LeakyRelu
from surefit.activations.relu import Relu
from surefit.tangent.images.operations import Nonlinear, Normalised

__all__ = ["act", "prepare"]

Images = Float[Array, "..."]

# Units in the last place by which a correlation of 1 comes out smaller.
_ROUNDING = 4.0


def prepare(op: Nonlinear | Normalised, variance: Images) -> tuple[Images, ...]:
    r"""What a node needs of the variances of one image.

    For rectifiers the norm $\sqrt s$ and its inverse, 0 where $s = 0$; for layer normalisation
    $1/\sqrt{s + \epsilon}$; for other activations $s$.
    """
    if isinstance(op, Normalised):
        return (1.0 / jnp.sqrt(variance + op.epsilon),)
    if _slope(op) is None:
        return (variance,)
    norm = jnp.sqrt(variance)
    positive = norm > 0
    return norm, jnp.where(positive, 1.0 / jnp.where(positive, norm, 1.0), 0.0)


def act(
    op: Nonlinear, c: Images, first: tuple[Images, ...], second: tuple[Images, ...]
) -> tuple[Images, Images]:
    """The duals of the activation and of its derivative, from a covariance and what was prepared.

    Where a variance is 0 the angle counts as a right one, as everywhere.
    """
    slope = _slope(op)
    if slope is None:
        activation = op.activation
        return (
            activation.dual(c, first[0], second[0]),
            activation.derivative_dual(c, first[0], second[0]),
        )
    rho = c * (first[1] * second[1])
    defect = 1.0 - jnp.abs(rho)
    # Windows that see one and the same patch up to a factor are common in images. What is left of
    # their angle is rounding, of which the angle would take the root.
    defect = jnp.where(defect < _ROUNDING * jnp.finfo(rho.dtype).eps, 0.0, defect)
    ramp, step = rectifier_pair(rho, slope, defect)
    return ramp * (first[0] * second[0]), step


def _slope(op: Nonlinear) -> float | None:
    """That of a rectifier on the negative side; None for other activations."""
    if type(op.activation) is Relu:
        return 0.0
    return op.activation.slope if type(op.activation) is LeakyRelu else None
