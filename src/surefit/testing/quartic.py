"""A loss that theorems and certificates about squared losses must refuse."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.losses import Loss

__all__ = ["_Quartic"]


@dataclasses.dataclass(frozen=True)
class _Quartic(Loss):
    """A loss that is no multiple of the squared residual norm.

    The underscore keeps it out of the catalogue of losses.
    """

    def __call__(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, ""]:
        """Fourth powers of the residuals, added."""
        return jnp.sum((outputs - y) ** 4)
