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
        residual: $\|\phi(Wh + x) - h\|$ relative to $\|\phi(Wh + x)\|$, of the returned state.
        steps: what the solver did until the sample converged: applications of the map, or linear
            solves.
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
        failed = ~np.asarray(self.converged)
        if not failed.any():
            return ""
        residual, steps = np.asarray(self.residual), np.asarray(self.steps)
        lost = failed & ~np.isfinite(residual)
        # A first step that is no number was made of inputs or weights that are none.
        invalid = lost & (steps <= 1) & np.isnan(residual)
        grown, slow = lost & ~invalid, failed & ~lost
        parts = [
            f"The equilibrium of {failed.sum()} of {failed.size} samples did not converge: rows "
            f"{_rows(failed)}."
        ]
        if invalid.any():
            parts.append(
                f"Of rows {_rows(invalid)} the first step is not finite already: their inputs or "
                "the weights contain NaN or infinite numbers, for instance after a training step "
                "that was too large. Check the data, or use a smaller step size."
            )
        if grown.any():
            parts.append(
                f"The state of rows {_rows(grown)} grew beyond all bounds within "
                f"{steps[grown].max()} steps."
            )
        if slow.any():
            worst = int(np.argmax(np.where(slow, residual, -1.0)))
            parts.append(
                f"The largest relative residual is {residual[worst]:.3g} (row {worst}) after "
                f"{steps[worst]} steps; the tolerance is {tolerance:.3g}."
            )
        if grown.any() or slow.any():
            parts.append(
                "The map need not have a fixed point where the operator norm of its weights is "
                "above 1, and iterations may need more steps just below. Use a smaller "
                "`weight_std` (gamma), a solver with more `max_steps`, or `Newton()`, which does "
                "not need a contraction."
            )
        return " ".join(parts)

    def require(self, tolerance: float) -> None:
        """Raise unless every sample converged.

        Raises:
            NumericalError: naming the samples, the residual, and what to change.
        """
        message = self.message(tolerance)
        if message:
            raise NumericalError(message)


def _rows(which: Bool[np.ndarray, " n"]) -> str:
    rows = np.flatnonzero(which)
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    return f"{rows[:_SHOWN].tolist()}{more}"
