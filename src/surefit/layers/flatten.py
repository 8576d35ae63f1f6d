"""Images to vectors."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape

__all__ = ["Flatten"]


@dataclasses.dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels of an example as one vector.

    References:
        Novak et al. (2019), arXiv 1810.05148, section 3.1: behind a dense layer the covariances of
        different positions do not matter.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """The number of coordinates."""
        return (math.prod(input_shape),)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """No parameters."""
        return ()

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n d"]:
        """The coordinates, position by position."""
        return x.reshape(x.shape[0], -1)

    def kernel(self, k: Kernel) -> Kernel:
        """The mean over positions.

        The coordinates of several positions have no single law, so that they do not count as
        Gaussian features.
        """
        if not k.space:
            return k
        k = k.same_positions()
        positions = math.prod(k.space)

        def mean(v: Array, batches: int) -> Array:
            return jnp.mean(v.reshape(*v.shape[:batches], positions), axis=-1)

        return dataclasses.replace(
            k,
            nngp=mean(k.nngp, 2),
            ntk=mean(k.ntk, 2),
            variance1=mean(k.variance1, 1),
            variance2=mean(k.variance2, 1),
            width=k.width * positions,
            gaussian=k.gaussian and positions == 1,
            behind=None,
            space=(),
        )

    @property
    def passes_input(self) -> bool:
        """True: nothing is mixed."""
        return True

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Never: every coordinate belongs to one position."""
        return False

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Sequences, all positions as one vector."""
        from surefit.layers.conv import Conv
        from surefit.layers.dense import Dense
        from surefit.layers.serial import Serial

        return Serial(Conv(width, 2), activation, cls(), Dense(4)), (4, 2)
