"""Huber's loss: quadratic near the targets, linear far away."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.losses.entrywise import Entrywise

__all__ = ["Huber"]


@dataclasses.dataclass(frozen=True)
class Huber(Entrywise):
    r"""Half the square up to a threshold and a line beyond: convex and Lipschitz; a sum.

    $\rho(r) = \frac12r^2$ for $|r| \le c$, $c|r| - \frac12c^2$ beyond; $|\rho'| \le c$ and
    $\rho'' \le 1$. Far away $\rho'^2 = c^2$ while $\rho$ grows without bound: no
    Polyak-Lojasiewicz constant above 0.

    Args:
        threshold: $c$.

    References:
        P. J. Huber (1964), Robust estimation of a location parameter, section 2.
    """

    threshold: float = 1.0

    curvature = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < math.inf:
            raise InvalidInputError(
                f"`Huber(threshold=...)` must be positive and finite. Got {self.threshold}. It is "
                "the size of a residual beyond which the loss grows like a line. Write 1.0."
            )

    def of_entries(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$\frac12q^2 + c(|r| - q)$ with $q = \min(|r|, c)$."""
        inner = jnp.minimum(jnp.abs(r), self.threshold)
        return 0.5 * inner**2 + self.threshold * (jnp.abs(r) - inner)

    def slope(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$r$ cut off at $\pm c$."""
        return jnp.clip(r, -self.threshold, self.threshold)
