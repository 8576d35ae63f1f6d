"""The problem at its initial weights."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.certificates.initial.layers import TwoLayers
from surefit.problem import Problem

__all__ = ["Start"]


@dataclasses.dataclass(frozen=True)
class Start:
    r"""The problem at its initial weights.

    Args:
        problem: network, loss and data.
        parameters: how many are trained.
        residual: f - y.
        values: eigenvalues of the tangent kernel, ascending.
        sigma: a lower bound of $\sigma_{\min}(J)$; 0 where rounding hides it.
        step_size: on the problem's loss.
        factor: of that step, for the step on half the square.
        layers: the network.
        output_factor: in front of the output weights.
    """

    problem: Problem
    parameters: int
    residual: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    sigma: float
    step_size: float
    factor: float
    layers: TwoLayers
    output_factor: float

    @property
    def step(self) -> float:
        r"""$\eta$, on half the square."""
        return self.step_size * self.factor

    @property
    def targets(self) -> Float[np.ndarray, " n"]:
        """y."""
        return np.asarray(self.problem.y, np.float64).ravel()

    @property
    def size(self) -> float:
        """Norm of the residual."""
        return float(np.linalg.norm(self.residual))
