"""Small problems on which the statements about implicit ReLU networks can be checked."""

from __future__ import annotations

import numpy as np

from surefit.core.layer import Params
from surefit.models import implicit_relu
from surefit.problem import Problem

__all__ = ["near_interpolation"]


def near_interpolation(
    e0: float, width: int, gamma: float, seed: int = 0
) -> tuple[Problem, Params]:
    r"""Two orthogonal inputs whose targets are the initial outputs minus a residual of norm $e_0$.

    The explicit widths of the theorems grow with $e_0^2$; with targets of order 1 they are beyond
    any computer, with a small residual a width of 128 suffices.

    Args:
        e0: residual norm at the start.
        width: $m$.
        gamma: of the equilibrium; at most 1/(4c), about 1/8.
        seed: of the start.
    """
    network, x = implicit_relu(width, gamma), np.eye(2)
    blank = Problem(network, x, np.zeros(2))
    params = blank.init(seed)
    outputs = np.asarray(blank.predict(params))[:, 0]
    return Problem(network, x, outputs - e0 * np.array([0.8, -0.6])), params
