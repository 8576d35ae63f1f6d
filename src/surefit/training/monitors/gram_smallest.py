"""The smallest eigenvalue of the Gram matrix."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import eigenvalue_flops, gram_flops
from surefit.training.memory import gram_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["GramSmallest"]


@dataclasses.dataclass(frozen=True)
class GramSmallest(Monitor):
    r"""The smallest eigenvalue of the empirical Gram matrix.

    While it stays above zero, the gradient vanishes at global minima only.
    """

    title = "smallest eigenvalue of the Gram matrix"
    expensive = True
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The Gram matrix must be of a size that can be formed again and again."""
        return gram_obstacle(problem)

    def flops(self, problem: Problem, params: Params) -> float:
        """One Gram matrix and its eigenvalues."""
        return gram_flops(problem, params) + eigenvalue_flops(problem.residuals)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\lambda_{\min}(JJ^\top)$."""
        return view.gram_eigenvalues[0]
