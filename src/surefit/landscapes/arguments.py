"""The arguments of `landscape`, checked before any work."""

from __future__ import annotations

import math

from surefit.core.layer import Params
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["check_arguments", "require_two"]


def check_arguments(
    smoothing: float, points: int, radius: float | None, products: int, tolerance: float
) -> None:
    """Refuse numbers that draw no picture.

    Raises:
        InvalidInputError: one of them is out of range.
    """
    if not (0.0 <= smoothing < math.inf):
        raise InvalidInputError(
            f"`landscape(smoothing=...)` must be finite and at least 0. Got {smoothing}. It is the "
            "width over which kinks are rounded, relative to the inputs of each rectifier. Write "
            "0.1, or 0 for the pointwise Hessian."
        )
    if points < 3 or points % 2 == 0:
        raise InvalidInputError(
            f"`landscape(points=...)` must be an odd number of at least 3. Got {points}. The point "
            f"itself is the middle of the grid. Write points={max(points | 1, 3)}."
        )
    if radius is not None and not (0.0 < radius < math.inf):
        raise InvalidInputError(
            f"`landscape(radius=...)` must be finite and above 0. Got {radius}. It is how far the "
            "picture reaches from the point. Leave it out to have it chosen."
        )
    if products < 1:
        raise InvalidInputError(
            f"`landscape(products=...)` must be at least 1. Got {products}. Eigenvalues are found "
            "from products with the Hessian. Write products=100; fewer widen the enclosure."
        )
    if not (0.0 < tolerance < 1.0):
        raise InvalidInputError(
            f"`landscape(tolerance=...)` must be between 0 and 1. Got {tolerance}. It is the "
            "relative width at which the eigenvalue counts as found. Write tolerance=0.01."
        )


def require_two(problem: Problem, params: Params) -> None:
    """Refuse problems of one dimension.

    Raises:
        InvalidInputError: fewer than two parameters are trained.
    """
    count = problem.parameters(params)
    if count < 2:
        raise InvalidInputError(
            f"`landscape(problem=...)` must have at least two trained parameters. Got {count}. A "
            "plane needs two directions. Train more layers, or look at a curve."
        )
