"""Rough operation counts: they decide how often to measure, never what comes out.

A count depends on shapes only, so that a run measures at the same steps on every machine and after
every interruption.
"""

from __future__ import annotations

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.tree import count
from surefit.problem import Problem
from surefit.tangent.sizes import factored_flops
from surefit.tangent.walk import factorises

__all__ = [
    "TOUCH",
    "activity_flops",
    "eigenvalue_flops",
    "forward_flops",
    "gradient_flops",
    "gram_flops",
]

TOUCH = 1000.0
"""Operations of a matrix product in the time in which a number is read, compared and summed."""


def gradient_flops(params: Params, samples: int) -> float:
    """One forward and one backward pass: three products with every weight matrix."""
    return 6.0 * samples * count(params)


def forward_flops(problem: Problem, params: Params) -> float:
    """One forward pass on all samples."""
    return gradient_flops(params, problem.samples) / 3.0


def activity_flops(problem: Problem, params: Params, features: int) -> float:
    """A forward pass, and what flows into the activations and out of them looked at.

    Args:
        problem: network, loss and data.
        params: its parameters.
        features: hidden features of one sample, over all layers.
    """
    return forward_flops(problem, params) + 2.0 * TOUCH * problem.samples * features


@float64
def gram_flops(problem: Problem, params: Params) -> float:
    """The empirical Gram matrix, by the route that `surefit.tangent.tangent_blocks` takes."""
    backward = gradient_flops(params, problem.residuals)
    if factorises(problem.network, params):
        return backward + factored_flops(problem.network, params, problem.x)
    return backward + 2.0 * problem.residuals**2 * problem.parameters(params)


def eigenvalue_flops(size: int) -> float:
    r"""All eigenvalues of a symmetric matrix, counted at the speed of a matrix product.

    The reduction to tridiagonal form takes $\tfrac43 N^3$ operations, half of them bound by
    memory; measured, that is the time of about $20 N^3$ operations of a matrix product.
    """
    return 20.0 * float(size) ** 3
