"""Softmax and cross-entropy, as a sum and as a mean over the samples."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.losses.classification import Classification

__all__ = ["CrossEntropy", "MeanCrossEntropy"]


class _CrossEntropy(Classification):
    r"""$\ell(f, y) = \log\sum_ce^{f_c} - \sum_cy_cf_c$, the targets one-hot.

    Its Hessian is $\operatorname{diag}(p) - pp^\top$ with $p = \operatorname{softmax}(f)$: for a
    unit vector the variance of a random variable with values in an interval of length at most
    $\sqrt2$, hence at most 1/2 (Popoviciu), attained at $p = (\frac12, \frac12, 0, \dots)$.
    """

    curvature = 0.5
    coding = "one_hot"

    def require_targets(self, y: Float[np.ndarray, "n k"]) -> None:
        """Every row a distribution over two or more classes."""
        if y.shape[1] < 2 or (y < 0.0).any() or (np.abs(y.sum(axis=1) - 1.0) > 1e-6).any():
            raise InvalidInputError(
                f"`Problem(y=..., loss={type(self).__name__}())` must hold the probabilities of "
                f"two or more classes in every row. Got {y.shape[1]} columns, the first row "
                f"{y[0, :8].tolist()}. Scores of classes are compared with them. Code the labels "
                "as one-hot, or use `Logistic` for targets plus and minus one."
            )

    def of_samples(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, " n"]:
        r"""$-\log\operatorname{softmax}(f)_c$ of the sample's class."""
        return -jnp.sum(y * jax.nn.log_softmax(outputs, axis=1), axis=1)

    def slope(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$\operatorname{softmax}(f) - y$."""
        return jax.nn.softmax(outputs, axis=1) - y


@dataclasses.dataclass(frozen=True)
class CrossEntropy(_CrossEntropy):
    r"""Softmax and cross-entropy, $\sum_i(\log\sum_ce^{f_{ic}} - f_{i,y_i})$; one-hot targets."""

    mean = False


@dataclasses.dataclass(frozen=True)
class MeanCrossEntropy(_CrossEntropy):
    r"""Softmax and cross-entropy, the mean over the samples; one-hot targets."""

    mean = True
