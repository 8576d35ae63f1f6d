"""The logistic loss of two classes, as a sum and as a mean over the samples."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.losses.classification import Classification

__all__ = ["Logistic", "MeanLogistic"]


class _Logistic(Classification):
    r"""$\ell(f, y) = \log(1 + e^{-yf})$, the targets plus and minus one; curvature at most 1/4."""

    curvature = 0.25
    coding = "plus_minus_one"

    def require_targets(self, y: Float[np.ndarray, "n k"]) -> None:
        """Plus and minus one."""
        if (np.abs(y) != 1.0).any():
            raise InvalidInputError(
                f"`Problem(y=..., loss={type(self).__name__}())` must hold targets of plus and "
                f"minus one. Got {y[np.abs(y) != 1.0][0]:g}. The sign is the class. "
                "Write 2 * y - 1 for classes 0 and 1."
            )

    def of_samples(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, " n"]:
        r"""$\log(1 + e^{-yf})$, summed over the outputs."""
        return jnp.sum(jax.nn.softplus(-y * outputs), axis=1)

    def slope(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$-y/(1 + e^{yf})$."""
        return -y * jax.nn.sigmoid(-y * outputs)


@dataclasses.dataclass(frozen=True)
class Logistic(_Logistic):
    r"""Logistic loss, $\sum_i\log(1 + e^{-y_if_i})$; targets plus and minus one."""

    mean = False


@dataclasses.dataclass(frozen=True)
class MeanLogistic(_Logistic):
    r"""Logistic loss, the mean over the samples; targets plus and minus one."""

    mean = True
