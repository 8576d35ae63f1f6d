"""Which Gram matrices are small enough to be formed again and again while training."""

from __future__ import annotations

from surefit.core.memory import format_bytes
from surefit.problem import Problem

__all__ = ["gram_obstacle"]

# By the shape alone and not by the memory that happens to be free, so that a run that goes on
# after an interruption measures what it measured before.
_LARGEST = 10_000


def gram_obstacle(problem: Problem) -> str | None:
    """Why the Gram matrix is not watched; None if it can be."""
    size = problem.residuals
    if size <= _LARGEST:
        return None
    return (
        f"The Gram matrix of {size} residuals takes {format_bytes(8 * size**2)}, and several of "
        f"that size are needed for every measurement; it is watched up to {_LARGEST} residuals. "
        "Train on fewer samples, or find the ends of its spectrum once with "
        "`surefit.core.spectrum.lanczos.lanczos_extremes`."
    )
