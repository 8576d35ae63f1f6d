r"""Suprema of $|\phi'|$ and $|\phi''|$ over intervals of pre-activations.

On a ball of radius $\rho$ around the weights a pre-activation moves by at most
$\lVert\tilde x_i\rVert\rho$. The curvature bounds need the largest slope and bend of the
activation that can be met on the way.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.rounding import UNIT_ROUNDOFF

__all__ = [
    "Bends",
    "bends",
    "has_bounded_bend",
    "has_kink",
    "second_derivative_bound",
]

Array = Float[np.ndarray, "..."]

# Where phi'' has its local extrema, by class name in `surefit.activations`; between them it is
# monotone, so its supremum over an interval is taken at an end or at one of these points.
_STATIONARY: dict[str, tuple[float, ...]] = {
    "Tanh": (-math.atanh(3**-0.5), math.atanh(3**-0.5)),
    "Erf": (-(0.5**0.5), 0.5**0.5),
    "Gelu": (-2.0, 0.0, 2.0),
    "Softplus": (0.0,),
    "Sigmoid": (-math.log(2 + 3**0.5), math.log(2 + 3**0.5)),
    "Identity": (),
    "Quadratic": (),
}
_ROUNDING = 32 * UNIT_ROUNDOFF
_PERIODIC = {"Sin": (math.pi / 2, math.pi)}  # first extremum, distance to the next


@dataclasses.dataclass(frozen=True)
class Bends:
    r"""Bounds on $|\phi'|$ and $|\phi''|$, entry by entry of the pre-activations."""

    slope: Array
    bend: Array


def second_derivative_bound(activation: Activation, lower: Array, upper: Array) -> Array:
    r"""$\sup|\phi''|$ over each interval, or a bound on it.

    An activation may have a method `second_derivative_bound(lower, upper)` of its own, which is
    then asked. For activations whose $\phi''$ has known extrema the supremum is exact; for all
    others it is the constant `smoothness`, except on intervals of length zero.

    Args:
        activation: $\phi$.
        lower: lower ends.
        upper: upper ends, of the same shape.
    """
    own: Callable | None = getattr(activation, "second_derivative_bound", None)
    if own is not None:
        return np.asarray(own(lower, upper), np.float64)
    ends = np.maximum(_size(activation, lower), _size(activation, upper))
    name = _known_name(activation)
    if name in _STATIONARY:
        for point in _STATIONARY[name]:
            peak = float(_size(activation, np.array([point]))[0])
            ends = np.where((lower <= point) & (point <= upper), np.maximum(ends, peak), ends)
        return ends
    if name in _PERIODIC:
        first, period = _PERIODIC[name]
        passes = np.floor((upper - first) / period) >= np.ceil((lower - first) / period)
    else:
        passes = lower < upper
    return np.where(passes, np.maximum(ends, activation.smoothness), ends)


def has_bounded_bend(activation: Activation) -> bool:
    r"""Whether a finite bound on $|\phi''|$ over bounded intervals is known."""
    return hasattr(activation, "second_derivative_bound") or math.isfinite(activation.smoothness)


def has_kink(activation: Activation) -> bool:
    r"""Whether $\phi$ is linear on both sides of a kink at 0, as rectifiers are.

    A homogeneous function of one variable is: $\phi(z) = \phi(1)z$ for $z > 0$, $-\phi(-1)z$ else.
    """
    finite = math.isfinite(activation.lipschitz)
    return activation.homogeneous and finite and not math.isfinite(activation.smoothness)


def bends(activation: Activation, z: Array, reach: Array) -> Bends:
    r"""Bounds over $[z - \delta, z + \delta]$, $\delta$ = `reach`.

    $|\phi'| \le \min(|\phi'(z)| + \delta\,\sup|\phi''|,\ \sup|\phi'|)$, the first supremum over the
    interval. Where $\phi$ `has_kink`, $\phi'$ is constant and $\phi'' = 0$ on intervals without 0;
    the caller sees to it that there are no others.

    Args:
        activation: $\phi$, with `has_bounded_bend` or `has_kink`.
        z: pre-activations.
        reach: how far they can move, broadcastable to `z`.
    """
    reach = np.broadcast_to(reach, z.shape)
    if has_kink(activation):
        return Bends(np.abs(np.asarray(_first(activation, jnp.asarray(z)))), np.zeros(z.shape))
    bend = second_derivative_bound(activation, z - reach, z + reach)
    slope = np.abs(np.asarray(_first(activation, jnp.asarray(z)))) + reach * bend
    return Bends(
        np.minimum(_padded(slope, activation.lipschitz), activation.lipschitz),
        _padded(bend, activation.smoothness),
    )


def _padded(value: Array, constant: float) -> Array:
    # A derivative far below its supremum may have come out of a cancellation: 1 - tanh(z)^2.
    return value + _ROUNDING * (constant if math.isfinite(constant) else value)


def _size(activation: Activation, z: Array) -> Array:
    return np.abs(np.asarray(_second(activation, jnp.asarray(z))))


@functools.partial(jax.jit, static_argnums=0)
def _first(activation: Activation, z: jax.Array) -> jax.Array:
    return activation.derivative(z)


@functools.partial(jax.jit, static_argnums=0)
def _second(activation: Activation, z: jax.Array) -> jax.Array:
    return activation.second_derivative(z)


def _known_name(activation: Activation) -> str:
    # By name and home, so that a user's class or subclass, or a variant with parameters of its
    # own, never inherits points that are not its own. A shift of phi does not matter here.
    kind = type(activation)
    fields = dataclasses.fields(activation) if dataclasses.is_dataclass(activation) else ()
    plain = all(field.name == "shifted" for field in fields)
    return kind.__name__ if plain and kind.__module__.startswith("surefit.activations.") else ""
