"""Spectral norms of the products of matrices between layers."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.equilibria import equilibrium_places
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.features import activation_labels
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.products import STEPS, product_norms
from surefit.training.view import View

__all__ = ["ProductNorm"]


@dataclasses.dataclass(frozen=True)
class ProductNorm(Monitor):
    r"""The largest spectral norm of a product of matrices from a layer to the last, per layer.

    $\max_i\|W_LD_{i,L-1}W_{L-1}\cdots D_{i,a}W_a\|_2$ for $a = 1..L$ over the first `samples`
    samples: the derivative of what flows into the last activation with respect to the features
    behind activation $a - 1$, skip connections included. The paper bounds it by $O(\sqrt L)$. From
    below, by 16 steps of the Lanczos method, typically a few percent.

    Args:
        samples: how many samples are looked at, from the first on.

    References:
        Allen-Zhu, Li, Song (2019), Lemma 7.3 (a); unconfirmed.
    """

    samples: int = 8

    title = "norms of products of matrices, per layer"
    expensive = True

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InvalidInputError(
                f"`ProductNorm(samples=...)` must be at least 1. Got {self.samples}. The products "
                "differ from sample to sample, with the activations that are on. Write 8."
            )

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be two activations, and no equilibrium between them."""
        if equilibrium_places(problem.network):
            return (
                "The network has an equilibrium, which is no product of finitely many matrices. "
                "Watch `scaled_operator_norm` instead."
            )
        stands = preactivations_obstacle(problem, params)
        if stands is None and len(activation_labels(problem, params)) < 2:
            return (
                "There is one layer of features, and no product between two of them. Watch "
                "`operator_norm` instead."
            )
        return stands

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """Where the product starts: the activation in front of it."""
        return activation_labels(problem, params)[:-1]

    def flops(self, problem: Problem, params: Params) -> float:
        """Two passes per step of the Lanczos method and layer."""
        layers = len(activation_labels(problem, params)) - 1
        seen = min(self.samples, problem.samples)
        return layers * STEPS * gradient_flops(params, seen)

    def measure(self, carry: Any, view: View) -> Float[Array, " layers"]:
        """The largest over the samples."""
        shapes = [z.shape[1:] for z in view.preactivations]
        x = view.problem.x[: self.samples]
        norms = product_norms(view.problem.network, view.params, x, shapes)
        return jnp.max(norms, axis=1)
