"""Spectral norms of the weight matrices."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.matrices import norm_flops, spectral_norm, trained_matrices
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["OperatorNorm"]


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
        if trained_matrices(problem.split(params)[0]):
            return None
        return "No trained parameter is a matrix. Watch `distance` instead."

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The places of the matrices in the tree of parameters."""
        return tuple(trained_matrices(problem.split(params)[0]))

    def flops(self, problem: Problem, params: Params) -> float:
        """A Gram matrix and its eigenvalues per weight matrix."""
        return norm_flops(problem.split(params)[0])

    def measure(self, carry: Any, view: View) -> Float[Array, " matrices"]:
        """One spectral norm per matrix."""
        return jnp.stack([spectral_norm(w) for w in trained_matrices(view.moving).values()])
