"""Gradients against their upper bound, per layer."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.gradient_ratios import gradient_ratios
from surefit.training.matrices import trained_matrices
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["GradientUpperRatio"]


@dataclasses.dataclass(frozen=True)
class GradientUpperRatio(Monitor):
    r"""The squared gradient of every trained matrix over its upper bound, one column each.

    $\frac{d}{nmF}\|\nabla_{W_\ell}F\|_F^2$ with $n$ samples, $d$ outputs, $m$ rows of $W_\ell$. In
    the networks of the paper (`models.fully_connected`) it is at most $1 + o(1)$ as the width
    grows. For other losses $\frac12\sum_i\|\partial L/\partial f_i\|^2$ is in the place of $F$.

    References:
        Allen-Zhu, Li, Song (2019), Theorem 3, upper bound.
    """

    title = "gradients over their upper bound, per layer"

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """There must be a trained matrix."""
        if trained_matrices(problem.split(params)[0]):
            return None
        return "No trained parameter is a matrix. Watch `gradient_norm` instead."

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The places of the matrices in the tree of parameters."""
        return tuple(trained_matrices(problem.split(params)[0]))

    def measure(self, carry: Any, view: View) -> Float[Array, " matrices"]:
        """One ratio per matrix."""
        return gradient_ratios(view)
