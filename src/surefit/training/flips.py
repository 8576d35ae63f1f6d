"""Which activations are on, and how many have changed sides."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.training.view import View

__all__ = ["largest_shares", "signs"]


def signs(view: View) -> list[Bool[Array, "n ..."]]:
    """Which activations are on."""
    return [z > 0.0 for z in view.preactivations]


def largest_shares(start: list[Bool[Array, "n ..."]], view: View) -> Float[Array, " layers"]:
    """Per layer, the largest share of a sample's activations whose sign differs from `start`."""
    changed = [(z > 0.0) != was for z, was in zip(view.preactivations, start, strict=True)]
    rows = [flips.reshape(flips.shape[0], -1) for flips in changed]
    return jnp.stack([jnp.max(jnp.mean(flips, axis=1, dtype=jnp.float64)) for flips in rows])
