"""What a solver of equilibria returns: the states, and how good each of them is."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from surefit.errors import NumericalError

__all__ = ["Solution"]

_SHOWN = 10


class Solution(NamedTuple):
    r"""States $h$ with $h \approx \phi(Wh + x)$, one per sample, and the quality of each.

    Args:
        state: $h$.
        residual: $\|\phi(Wh + x) - h\|$ relative to $\|h\|$, of the returned state.
        steps: how many applications of the map were made until the sample converged.
        converged: whether the residual is at most the tolerance.
    """

    state: Float[Array, "n m"]
    residual: Float[Array, " n"]
    steps: Int[Array, " n"]
    converged: Bool[Array, " n"]

    def poisoned(self) -> Float[Array, "n m"]:
        """The states, NaN where the sample did not converge: no wrong number passes for right."""
        return jnp.where(self.converged[:, None], self.state, jnp.nan)

    def value(self, poison: bool) -> Float[Array, "n m"]:
        """`poisoned()`, or the last iterates as they are."""
        return self.poisoned() if poison else self.state

    def message(self, tolerance: float) -> str:
        """Which samples did not converge, how far they are, and what to change; empty if none."""
        bad = np.flatnonzero(~np.asarray(self.converged))
        if not bad.size:
            return ""
        residual = np.asarray(self.residual)
        worst = int(bad[np.argmax(np.nan_to_num(residual[bad], nan=np.inf))])
        more = f" and {bad.size - _SHOWN} more" if bad.size > _SHOWN else ""
        return (
            f"The equilibrium of {bad.size} of {residual.size} samples did not converge: rows "
            f"{bad[:_SHOWN].tolist()}{more}. The largest relative residual is "
            f"{residual[worst]:.3g} (row {worst}) after {int(np.max(np.asarray(self.steps)))} "
            f"steps; the tolerance is {tolerance:.3g}. The map need not have a fixed point where "
            "the operator norm of its weights is above 1, and iterations may need more steps just "
            "below. Use a smaller `weight_std` (gamma), a solver with more `max_steps`, or "
            "`Newton()`, which does not need a contraction."
        )

    def require(self, tolerance: float) -> None:
        """Raise unless every sample converged.

        Raises:
            NumericalError: naming the samples, the residual, and what to change.
        """
        message = self.message(tolerance)
        if message:
            raise NumericalError(message)
