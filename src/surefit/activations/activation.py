"""The extension point of activations: a scalar function with what the theory asks of it."""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from surefit.core.kernel import Behind, Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError

__all__ = ["Activation"]


class Activation(Layer):
    r"""A scalar function $\phi$, applied to every feature; stands in `Serial` as it is.

    To add one, write a frozen dataclass in a new file of `surefit/activations/`: `__call__`, and
    the constants `lipschitz` and `smoothness`. Everything else has a default: derivatives by
    differentiation, duals by their Hermite series with an error bound. Override those that have a
    closed form.

    With $(u, v)$ centred Gaussian, $E u^2 = s$, $E v^2 = t$, $E uv = c$, the dual is
    $\hat\phi(c, s, t) = E[\phi(u)\phi(v)]$.

    Attributes:
        lipschitz: $\sup|\phi'|$; infinite if there is none.
        smoothness: $\sup|\phi''|$; infinite if $\phi'$ jumps or is unbounded.
        homogeneous: whether $\phi(az) = a\phi(z)$ for all $a \ge 0$.
    """

    lipschitz: ClassVar[float] = math.inf
    smoothness: ClassVar[float] = math.inf
    homogeneous: ClassVar[bool] = False

    @abc.abstractmethod
    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\phi(z)$, elementwise."""

    def derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\phi'(z)$, elementwise; at a kink the value that differentiation gives."""
        return _elementwise_grad(self, z)

    def slope_from_value(self, value: Float[Array, "..."]) -> Float[Array, "..."] | None:
        r"""$\phi'(z)$ from $\phi(z)$ without loss of digits; None where that is not possible."""
        return None

    def second_derivative(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""$\phi''(z)$, elementwise, where it exists."""
        return _elementwise_grad(self.derivative, z)

    def dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$E[\phi(u)\phi(v)]$; the arguments broadcast against each other."""
        from surefit.activations.hermite import dual

        return dual(self, covariance, variance1, variance2)

    def derivative_dual(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
    ) -> Float[Array, "..."]:
        r"""$E[\phi'(u)\phi'(v)]$; the arguments broadcast against each other."""
        from surefit.activations.hermite import dual

        return dual(self.derivative, covariance, variance1, variance2)

    def duals_at_distance(
        self,
        covariance: Float[Array, "..."],
        variance1: Float[Array, "..."],
        variance2: Float[Array, "..."],
        distance: Float[Array, "..."],
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        r"""$E[\phi(u)\phi(v)]$, $E[\phi'(u)\phi'(v)]$ and $\frac12E(\phi(u)-\phi(v))^2$.

        Smooth duals lose nothing where the distance comes from a difference. Those that have the
        derivative infinity at correlation 1, of functions with kinks, do better with
        `distance`, $\frac12E(u-v)^2$.
        """
        value = self.dual(covariance, variance1, variance2)
        slope = self.derivative_dual(covariance, variance1, variance2)
        own = (self.dual(v, v, v) for v in (variance1, variance2))
        return value, slope, sum(own) / 2 - value

    @property
    def closed_form(self) -> bool:
        """Whether both duals are overridden, and `kernel` is not."""
        kind = type(self)
        return (
            kind.dual is not Activation.dual
            and kind.derivative_dual is not Activation.derivative_dual
            and kind.kernel is Activation.kernel
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Unchanged."""
        return input_shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """No parameters."""
        return ()

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$\phi(x)$."""
        return self(x)

    def kernel(self, k: Kernel) -> Kernel:
        """Covariances behind the activation of jointly Gaussian features."""
        if not k.gaussian:
            name = type(self).__name__
            raise InvalidInputError(
                f"`{name}.kernel(k=...)` must be given a Gaussian kernel. Got the kernel behind "
                "another activation or of the raw inputs. Only a random linear layer makes "
                "features Gaussian in the limit of infinite width; without it no closed-form "
                "limit is known. Put a `Dense` layer in between, or `Conv` on images."
            )
        if k.distance is not None:
            return self._kernel_at_distance(k, k.distance)
        nngp, variance1, variance2 = k.pairwise(self.dual)
        slope, _, _ = k.pairwise(self.derivative_dual)
        return dataclasses.replace(
            k,
            nngp=nngp,
            ntk=k.ntk * slope,
            variance1=variance1,
            variance2=variance2,
            gaussian=False,
            behind=Behind(k, self),
        )

    def _kernel_at_distance(self, k: Kernel, distance: Float[Array, "n1 n2"]) -> Kernel:
        """The kernel of vectors whose distances are known besides their covariances."""
        s, t = k.variance1[:, None], k.variance2[None, :]
        nngp, slope, distance = self.duals_at_distance(k.nngp, s, t, distance)
        variance1 = self.dual(k.variance1, k.variance1, k.variance1)
        variance2 = self.dual(k.variance2, k.variance2, k.variance2)
        if k.symmetric:
            each = jnp.arange(k.variance1.shape[0])
            own = self.derivative_dual(k.variance1, k.variance1, k.variance1)
            nngp, slope = nngp.at[each, each].set(variance1), slope.at[each, each].set(own)
            distance = distance.at[each, each].set(0.0)
        return dataclasses.replace(
            k,
            nngp=nngp,
            ntk=k.ntk * slope,
            variance1=variance1,
            variance2=variance2,
            gaussian=False,
            behind=None,
            distance=distance,
        )


def _elementwise_grad(function, z: Float[Array, "..."]) -> Float[Array, "..."]:
    # The derivative of the sum of an elementwise function is the elementwise derivative.
    return jax.grad(lambda values: jnp.sum(function(values)))(jnp.asarray(z))
