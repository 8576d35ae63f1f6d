"""Softmax and cross-entropy, as a sum and as a mean over the samples."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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
