"""How far the parameters have travelled."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.tree import difference, norm
from surefit.training.monitor import Monitor, Move
from surefit.training.view import View

__all__ = ["PathLength"]


@dataclasses.dataclass(frozen=True)
class PathLength(Monitor):
    r"""How far the trained parameters have travelled, added up over every step.

    $\sum_k \|\theta_{k+1} - \theta_k\|$, never less than `distance`. For gradient flow
    the sum runs over the records and is at most the length of the curve.
    """

    title = "length of the path"
    standard = True

    def start(self, view: View) -> Float[Array, ""]:
        """Nothing travelled yet."""
        return jnp.zeros(())

    def update(self, carry: Float[Array, ""], move: Move) -> Float[Array, ""]:
        """Add the length of one step."""
        return carry + norm(difference(move.after, move.before))

    def measure(self, carry: Float[Array, ""], view: View) -> Float[Array, ""]:
        """The sum so far."""
        return carry
