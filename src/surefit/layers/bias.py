"""A random vector added to the features."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.positions import with_own_positions
from surefit.errors import InvalidInputError

__all__ = ["Bias"]


@dataclasses.dataclass(frozen=True)
class Bias(Layer):
    r"""$x + b$ with independent entries of $b \sim N(0, \sigma_b^2)$.

    Where a layer's weights are trained and its biases are not, as in the paper of Allen-Zhu et al.,
    the biases are a layer of their own.

    Args:
        bias_std: $\sigma_b$.
        trained: whether gradient descent moves $b$.
        shared: whether all positions of an image get the same bias per channel.

    References:
        Allen-Zhu, Li, Song (2019), arXiv 1811.03962, convolutional networks.
    """

    bias_std: float = 1.0
    trained: bool = True
    shared: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.bias_std < math.inf:
            raise InvalidInputError(
                "`Bias(bias_std=...)` must be finite and not negative. Got "
                f"{self.bias_std}. It is a standard deviation. Write 0.1."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Unchanged."""
        return input_shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"b": ...}`, of the shape of an example, or (channels,) where positions share."""
        shape = input_shape[-1:] if self.shared else input_shape
        return {"b": self.bias_std * jax.random.normal(key, shape, jnp.zeros(()).dtype)}

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The sum."""
        b = params["b"]
        return x + b.reshape((1,) * (x.ndim - b.ndim) + b.shape)

    def kernel(self, k: Kernel) -> Kernel:
        """Every covariance grows by the variance of the bias, if it is the same one."""
        variance = self.bias_std**2

        def plus(v: Array, amount: float) -> Array:
            more = jnp.full_like(v, amount)
            if k.cross and not self.shared:
                # Different positions have independent biases.
                flat = jnp.zeros((v.size // _pairs(k), *k.space, *k.space), v.dtype)
                own = jnp.full((flat.shape[0], *k.space), amount, v.dtype)
                more = with_own_positions(flat, k.space, own).reshape(v.shape)
            return v + more

        return dataclasses.replace(
            k,
            nngp=plus(k.nngp, variance),
            ntk=plus(k.ntk, float(self.trained)),
            variance1=plus(k.variance1, variance),
            variance2=plus(k.variance2, variance),
            behind=None,
        )

    # The distance of two examples is the same with and without a bias that both get.
    closed_form = True

    @property
    def passes_input(self) -> bool:
        """True: the output contains the input."""
        return True

    def trainable(self, params: Params) -> PyTree[bool]:
        """All or nothing, as `trained` says."""
        return jax.tree.map(lambda _: self.trained, params)


def _pairs(k: Kernel) -> int:
    return math.prod(k.space) ** 2
