"""Spectral norms of the weight matrices."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import leaf_names
from surefit.problem import Problem
from surefit.training.costs import eigenvalue_flops
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["OperatorNorm"]


def _matrices(moving: Params) -> dict[str, Array]:
    named = zip(leaf_names(moving), jax.tree.leaves(moving), strict=True)
    return {name: leaf for name, leaf in named if leaf.ndim == 2}


def _spectral_norm(matrix: Float[Array, "a b"]) -> Float[Array, ""]:
    # Of the smaller of the two Gram matrices; the largest eigenvalue keeps its relative accuracy.
    tall = matrix.shape[0] >= matrix.shape[1]
    gram = matrix.T @ matrix if tall else matrix @ matrix.T
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(gram)[-1], 0.0))


@dataclasses.dataclass(frozen=True)
class OperatorNorm(Monitor):
    r"""The spectral norm of every trained weight matrix, one column each.

    $\|W\|_2$ of the matrix as it is stored; the factor of its parameterisation ($1/\sqrt m$,
    say) comes on top of that.
    """

    title = "operator norms of the weights"
    expensive = True
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be a trained matrix."""
        if _matrices(problem.split(params)[0]):
            return None
        return "No trained parameter is a matrix. Watch `distance` instead."

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The places of the matrices in the tree of parameters."""
        return tuple(_matrices(problem.split(params)[0]))

    def flops(self, problem: Problem, params: Params) -> float:
        """A Gram matrix and its eigenvalues per weight matrix."""
        shapes = [sorted(a.shape) for a in _matrices(problem.split(params)[0]).values()]
        return sum(2.0 * low**2 * high + eigenvalue_flops(low) for low, high in shapes)

    def measure(self, carry: Any, view: View) -> Float[Array, " matrices"]:
        """One spectral norm per matrix."""
        return jnp.stack([_spectral_norm(w) for w in _matrices(view.moving).values()])
