"""Features of every example, and of every position, brought to mean 0 and variance 1."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError

__all__ = ["LayerNorm"]


@dataclasses.dataclass(frozen=True)
class LayerNorm(Layer):
    r"""$(x - \bar x)/\sqrt{v + \epsilon}$ with mean $\bar x$ and variance $v$ over features.

    Images are normalised over channels, the last axis, at every position for itself: not over
    positions, whose covariances have no closed-form mean. There are no trained gains
    and shifts: the gradient of a gain depends on its feature, so that the tangent kernel behind an
    activation would not follow from second moments.

    Args:
        epsilon: $\epsilon$, added to the variance.

    References:
        Ba, Kiros, Hinton (2016), arXiv 1607.06450, section 3.
    """

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        if not self.epsilon >= 0.0:
            raise InvalidInputError(
                f"`LayerNorm(epsilon=...)` must not be negative. Got {self.epsilon}. It keeps the "
                "variance away from 0. Use 1e-6."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Unchanged."""
        if input_shape[-1] < 2:
            raise InvalidInputError(
                "`LayerNorm` must be given examples of at least 2 features. Got examples of shape "
                f"{input_shape}. A single feature is its own mean and becomes 0. Put it behind a "
                "layer of several features."
            )
        return input_shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """No parameters."""
        return ()

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The normalised features."""
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(centred**2, axis=-1, keepdims=True)
        return centred / jnp.sqrt(variance + self.epsilon)

    def kernel(self, k: Kernel) -> Kernel:
        r"""$c/\sqrt{(s+\epsilon)(t+\epsilon)}$, and the tangent kernel likewise.

        Over infinitely many Gaussian features the mean is 0 and the variance $s$. Behind an
        activation the mean is $E\phi(u)$, and $c$ is a covariance: the dual at correlation 0 is the
        product of the means. How mean and variance move with a single feature is of the order of 1
        over their number.

        Raises:
            InvalidInputError: the features are neither Gaussian nor those behind an activation.
        """
        if not k.gaussian:
            k = _centred(k)

        def per(s: Array, t: Array) -> Array:
            return jnp.sqrt(s + self.epsilon) * jnp.sqrt(t + self.epsilon)

        nngp, variance1, variance2 = k.pairwise(lambda c, s, t: c / per(s, t))
        factor, _, _ = k.pairwise(lambda c, s, t: jnp.ones_like(c) / per(s, t))
        return dataclasses.replace(
            k,
            nngp=nngp,
            ntk=k.ntk * factor,
            variance1=variance1,
            variance2=variance2,
            behind=None,
        )

    @property
    def passes_input(self) -> bool:
        """True: the output is the input up to a factor and a shift."""
        return True


def _centred(k: Kernel) -> Kernel:
    """Covariances of features less their means over features."""
    if k.behind is None:
        raise InvalidInputError(
            "`LayerNorm.kernel`: the features must be Gaussian, or those behind an activation of "
            "Gaussian features. Got raw inputs, or features whose source is not known. Their mean "
            "over features is not 0, and second moments do not tell it. Put `LayerNorm` right "
            "behind `Dense` or `Conv`, or behind the activation that follows."
        )
    dual = k.behind.activation.dual

    def of_independent(c: Array, s: Array, t: Array) -> Array:
        return dual(jnp.zeros_like(c), s, t)

    means, own1, own2 = k.behind.kernel.pairwise(of_independent)
    return dataclasses.replace(
        k, nngp=k.nngp - means, variance1=k.variance1 - own1, variance2=k.variance2 - own2
    )
