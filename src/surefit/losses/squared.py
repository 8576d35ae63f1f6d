"""The squared loss under the scalings of the literature."""

from __future__ import annotations

import abc
import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.losses.loss import Loss

__all__ = ["HalfMeanSquared", "HalfSquared", "MeanSquared", "SumSquared"]


class _Squared(Loss):
    r"""$c\,\|f - y\|^2$; then smoothness and PL constant are both $2c$."""

    @abc.abstractmethod
    def residual_scale(self, samples: int) -> float:
        """The factor of the squared residual norm."""

    def __call__(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, ""]:
        r"""$c\,\|f - y\|^2$."""
        return self.residual_scale(y.shape[0]) * jnp.sum((outputs - y) ** 2)

    def output_gradient(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, "n k"]:
        r"""$2c\,(f - y)$."""
        return 2.0 * self.residual_scale(y.shape[0]) * (outputs - y)

    def smoothness(self, samples: int) -> float:
        r"""$2c$."""
        return 2.0 * self.residual_scale(samples)

    def polyak_lojasiewicz(self, samples: int) -> float:
        r"""$2c$."""
        return 2.0 * self.residual_scale(samples)


@dataclasses.dataclass(frozen=True)
class HalfSquared(_Squared):
    r"""$\tfrac12\|f - y\|^2$, the sum over samples (Du et al. 2019; Allen-Zhu et al. 2019)."""

    def residual_scale(self, samples: int) -> float:
        """1/2."""
        return 0.5


@dataclasses.dataclass(frozen=True)
class SumSquared(_Squared):
    r"""$\|f - y\|^2$ (Song et al. 2021)."""

    def residual_scale(self, samples: int) -> float:
        """1."""
        return 1.0


@dataclasses.dataclass(frozen=True)
class HalfMeanSquared(_Squared):
    r"""$\tfrac1{2n}\|f - y\|^2$ (Bartlett, Montanari, Rakhlin 2021)."""

    def residual_scale(self, samples: int) -> float:
        """1/(2n)."""
        return 0.5 / samples


@dataclasses.dataclass(frozen=True)
class MeanSquared(_Squared):
    r"""$\tfrac1n\|f - y\|^2$."""

    def residual_scale(self, samples: int) -> float:
        """1/n."""
        return 1.0 / samples
