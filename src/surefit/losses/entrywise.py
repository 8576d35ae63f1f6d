"""What losses have in common that are sums of one function of every entry of the residual."""

from __future__ import annotations

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.losses.loss import Loss

__all__ = ["Entrywise"]


class Entrywise(Loss):
    r"""$\sum_{i,a}\rho(f_{ia} - y_{ia})$ with $\rho \ge 0 = \rho(0)$.

    The Hessian is diagonal and both sides of the Polyak-Lojasiewicz inequality are sums, so that
    both constants are those of $\rho$.

    Attributes:
        curvature: $\sup|\rho''|$.
        dominance: a valid $\alpha$ in $\rho'(r)^2 \ge 2\alpha\rho(r)$.
    """

    curvature: ClassVar[float]
    dominance: ClassVar[float] = 0.0

    @abc.abstractmethod
    def of_entries(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$\rho$, entry by entry."""

    @abc.abstractmethod
    def slope(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$\rho'$, entry by entry."""

    def __call__(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, ""]:
        """The sum over samples and outputs."""
        return jnp.sum(self.of_entries(outputs - y))

    def output_gradient(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, "n k"]:
        r"""$\rho'(f - y)$."""
        return self.slope(outputs - y)

    def smoothness(self, samples: int) -> float:
        r"""$\sup|\rho''|$."""
        return self.curvature

    def polyak_lojasiewicz(self, samples: int) -> float:
        r"""That of $\rho$."""
        return self.dominance
