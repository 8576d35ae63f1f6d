"""Refusals of arguments that polishing cannot take."""

from __future__ import annotations

import math

from surefit.errors import InvalidInputError
from surefit.problem import Problem, require_problem

__all__ = ["require_arguments"]


def require_arguments(
    problem: Problem, steps: int, condition: float, residual_norm: float, jitters: int
) -> None:
    """Refuse other losses than squared ones, and numbers out of range.

    Raises:
        InvalidInputError: with what to write instead.
    """
    require_problem("polish", problem)
    if problem.loss.residual_scale(problem.samples) is None:
        raise InvalidInputError(
            "`polish(problem=...)` must be given a problem with a squared loss. Got "
            f"{type(problem.loss).__name__}. Polishing solves f = y, which minimises the square; "
            "other losses have other minimisers. Use `HalfSquared`, or certify without polishing."
        )
    if steps < 1 or jitters < 0:
        raise InvalidInputError(
            f"`polish(steps=..., jitters=...)` must be at least 1 and at least 0. Got {steps} and "
            f"{jitters}. They count steps and random perturbations. Leave them out, or write "
            "steps=100, jitters=3."
        )
    if not 0.0 < condition < 1.0 or not 0.0 <= residual_norm < math.inf:
        raise InvalidInputError(
            "`polish(condition=..., residual_norm=...)` must be between 0 and 1, and not negative. "
            f"Got {condition} and {residual_norm}. A certificate holds where C < 1; smaller "
            "values leave a margin. Write condition=0.1, residual_norm=0."
        )
