"""How far apart the features of different samples stay, per layer."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import count
from surefit.problem import Problem
from surefit.training.features import activation_labels, feature_count, pairs_obstacle
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.view import View

__all__ = ["Separateness"]


@dataclasses.dataclass(frozen=True)
class Separateness(Monitor):
    r"""The smallest part of a sample's features that points away from another sample's, per layer.

    $\min_{i\ne j}\|(I - \frac{h_ih_i^\top}{\|h_i\|^2})h_j\|$ behind every activation. For inputs at
    a distance of $\delta$ the paper bounds it below by $\delta/2$. It is computed from the Gram
    matrix of the features, which loses what is below $10^{-7}$ of their norm.

    References:
        Allen-Zhu, Li, Song (2019), Lemma 7.5; unconfirmed.
    """

    title = "separateness of features, per layer"
    expensive = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be activations, and not too many pairs of samples."""
        return preactivations_obstacle(problem, params) or pairs_obstacle(problem)

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The activations in the order of evaluation."""
        return activation_labels(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass, and Gram matrices of the features of every layer."""
        n = problem.samples
        return 2.0 * n * (count(params) + n * feature_count(problem, params))

    def measure(self, carry: Any, view: View) -> Float[Array, " layers"]:
        """The smallest over all pairs."""
        return jnp.stack([_separateness(h) for h in view.features])


def _separateness(h: Float[Array, "n m"]) -> Float[Array, ""]:
    gram = h @ h.T
    squares = jnp.diagonal(gram)
    # Dead features, all zero, point nowhere: nothing is taken away from the others.
    scale = jnp.where(squares > 0.0, squares, 1.0)
    left = squares[None, :] - gram**2 / scale[:, None]
    others = jnp.where(jnp.eye(h.shape[0], dtype=bool), jnp.inf, left)
    return jnp.sqrt(jnp.maximum(jnp.min(others), 0.0))
