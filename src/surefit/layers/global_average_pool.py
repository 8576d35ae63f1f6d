"""The mean over all positions."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.conv import Conv
from surefit.layers.dense import Dense
from surefit.layers.pooling import require_cross_positions
from surefit.layers.serial import Serial

__all__ = ["GlobalAveragePool"]


@dataclasses.dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean over all positions, channel by channel: images to vectors.

    References:
        Novak et al. (2019), arXiv 1810.05148, section 3.2; Arora et al. (2019), arXiv 1904.11955,
        section 4.2.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """The channels."""
        if len(input_shape) < 2:
            raise InvalidInputError(
                "`GlobalAveragePool` must be given examples with positions and channels. Got "
                f"examples of shape {input_shape}. It is a mean over positions; vectors have none. "
                "Leave it out."
            )
        return input_shape[-1:]

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """No parameters."""
        return ()

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n channels"]:
        """The means."""
        return jnp.mean(x.reshape(x.shape[0], -1, x.shape[-1]), axis=1)

    def kernel(self, k: Kernel) -> Kernel:
        """Means over all pairs of positions."""
        require_cross_positions("GlobalAveragePool", k)
        pairs = math.prod(k.space) ** 2

        def mean(v: Array, batches: int) -> Array:
            return jnp.mean(v.reshape(*v.shape[:batches], pairs), axis=-1)

        return dataclasses.replace(
            k,
            nngp=mean(k.nngp, 2),
            ntk=mean(k.ntk, 2),
            variance1=mean(k.variance1, 1),
            variance2=mean(k.variance2, 1),
            behind=None,
            space=(),
            cross=False,
        )

    @property
    def passes_input(self) -> bool:
        """True: the mean is correlated with every position."""
        return True

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Always: the variance of a mean contains the covariances of what it is of."""
        return True

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Sequences, their mean."""
        return Serial(Conv(width, 2), activation, cls(), Dense(4)), (4, 2)
