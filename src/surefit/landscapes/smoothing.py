r"""Networks whose kinks are rounded, so that a Hessian sees them.

The second derivative of a rectifier is 0 wherever it exists; the curvature sits in the kink, which
differentiation never visits. Averaging pointwise Hessians over perturbed weights does not help:
zeros average to zero. What is smoothed is therefore the function: every rectifier becomes its mean
under Gaussian noise on what flows into it.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations import Activation, LeakyRelu, Relu
from surefit.core.layer import Layer, Params
from surefit.errors import InvalidInputError
from surefit.layers import Equilibrium, MonotoneEquilibrium

__all__ = ["input_sizes", "require_smoothable", "smooth_rectifier", "smoothed"]


@jax.custom_jvp
def smooth_rectifier(z: Float[Array, "..."], scale: Float[Array, ""]) -> Float[Array, "..."]:
    r"""$E\max(z + s\xi, 0) = z\,\Phi(z/s) + s\,\varphi(z/s)$ for $\xi \sim N(0, 1)$.

    Its derivative in $z$ is $\Phi(z/s)$ and its second one $\varphi(z/s)/s$, a bump of area 1 where
    the rectifier has its kink.

    Args:
        z: where.
        scale: $s > 0$.
    """
    return z * jax.scipy.special.ndtr(z / scale) + scale * _density(z / scale)


@smooth_rectifier.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    # In closed form: differentiating the formula above would cancel terms of equal size.
    (z, scale), (dz, dscale) = primals, tangents
    slope = jax.scipy.special.ndtr(z / scale)
    return smooth_rectifier(z, scale), slope * dz + _density(z / scale) * dscale


def _density(t: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.exp(-0.5 * t**2) / math.sqrt(2.0 * math.pi)


@dataclasses.dataclass(frozen=True)
class _Smoothed(Activation):
    """A rectifier with a rounded kink; the scale may be traced, so that none is compiled in."""

    inner: Activation
    scale: Any = dataclasses.field(compare=False)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        slope = self.inner.slope if isinstance(self.inner, LeakyRelu) else 0.0
        return slope * z + (1.0 - slope) * smooth_rectifier(z, self.scale)


@dataclasses.dataclass(frozen=True)
class _Measured(Activation):
    """An activation that notes the mean square of what flows into it."""

    inner: Activation
    seen: list = dataclasses.field(compare=False)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        self.seen.append(jnp.mean(jnp.square(z)))
        return self.inner(z)


def _kinked(activation: Activation) -> bool:
    return math.isinf(activation.smoothness)


def _replaced(thing: Any, make: Callable[[Activation], Activation]) -> Any:
    """A copy of a network, or of a part of it, with other activations where there are kinks."""
    if isinstance(thing, Activation):
        return make(thing) if _kinked(thing) else thing
    if isinstance(thing, tuple):
        return tuple(_replaced(item, make) for item in thing)
    if not (isinstance(thing, Layer) and dataclasses.is_dataclass(thing)):
        return thing
    # A copy without its constructor: a layer may take its fields in any form there.
    twin = copy.copy(thing)
    for field in dataclasses.fields(thing):
        object.__setattr__(twin, field.name, _replaced(getattr(thing, field.name), make))
    return twin


def require_smoothable(network: Layer) -> None:
    """Refuse networks with kinks that have no rounded form here.

    Raises:
        InvalidInputError: there is one.
    """
    inside: list[str] = []

    def look(activation: Activation) -> Activation:
        if not isinstance(activation, Relu | LeakyRelu):
            inside.append(f"the activation {activation!r}")
        return activation

    def walk(thing: Any) -> None:
        if isinstance(thing, Equilibrium | MonotoneEquilibrium):
            _replaced(thing, lambda a: inside.append(f"{a!r} inside an equilibrium") or a)
        elif isinstance(thing, tuple):
            for item in thing:
                walk(item)
        elif isinstance(thing, Activation) or not dataclasses.is_dataclass(thing):
            _replaced(thing, look)
        else:
            for field in dataclasses.fields(thing):
                walk(getattr(thing, field.name))

    walk(network)
    if inside:
        raise InvalidInputError(
            "`landscape(smoothing=...)` must be 0 for a network with kinks other than those of "
            f"`Relu` and `LeakyRelu` between layers. Got {inside[0]}. Its mean under Gaussian "
            "noise has no closed form here. Write smoothing=0 for the pointwise Hessian, which "
            "does not see kinks."
        )


def input_sizes(
    network: Layer, params: Params, x: Float[Array, "n ..."]
) -> tuple[Float[Array, ""], ...]:
    """The root mean square of what flows into every rectifier; 1 where nothing does.

    In the order in which rectifiers stand in the network. One that is evaluated twice, as by
    `Centred`, counts with its first time, that of the parameters which are trained.
    """
    notes: list[list] = []

    def note(activation: Activation) -> Activation:
        notes.append([])
        return _Measured(activation, notes[-1])

    _replaced(network, note).apply(params, x)
    sizes = [jnp.sqrt(seen[0]) if seen else jnp.ones((), x.dtype) for seen in notes]
    return tuple(jnp.where(size > 0, size, 1.0) for size in sizes)


def smoothed(network: Layer, scales: tuple[Float[Array, ""], ...]) -> Layer:
    """The network with rectifiers rounded at these scales, in the order of `input_sizes`."""
    left = iter(scales)
    return _replaced(network, lambda activation: _Smoothed(activation, next(left)))
