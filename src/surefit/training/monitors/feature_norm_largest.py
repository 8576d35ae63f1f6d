"""The largest norm of a sample's features, per layer."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import activity_flops
from surefit.training.features import activation_labels, feature_count
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.view import View

__all__ = ["FeatureNormLargest"]


@dataclasses.dataclass(frozen=True)
class FeatureNormLargest(Monitor):
    r"""The largest norm of a sample's features behind every activation, one column each.

    $\max_i\|h_{i,\ell}\|$. In the networks of the paper all norms start within $\epsilon$ of 1
    with probability $1 - O(nL)e^{-\Omega(m\epsilon^2/L)}$.

    References:
        Allen-Zhu, Li, Song (2019), Lemma 7.1; unconfirmed.
    """

    title = "largest norm of features, per layer"

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The network must be made of layers with activations among them."""
        return preactivations_obstacle(problem, params)

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The activations in the order of evaluation."""
        return activation_labels(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass, shared by all that look at features."""
        return activity_flops(problem, params, feature_count(problem, params))

    def measure(self, carry: Any, view: View) -> Float[Array, " layers"]:
        """The largest over the samples."""
        return jnp.stack([jnp.max(jnp.linalg.norm(h, axis=1)) for h in view.features])
