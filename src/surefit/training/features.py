"""Names and obstacles of what is measured behind every activation of a network."""

from __future__ import annotations

import jax

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.preactivations import preactivations

__all__ = ["activation_labels", "feature_count", "pairs_obstacle"]

# By the shape alone: a run that goes on measures what it measured before an interruption.
_LARGEST = 10_000


def activation_labels(problem: Problem, params: Params) -> tuple[str, ...]:
    """The activations in the order of evaluation: 0, 1, ..."""
    return tuple(map(str, range(len(_shapes(problem, params)))))


def feature_count(problem: Problem, params: Params) -> int:
    """All hidden features of one sample, over all layers."""
    return sum(z.size for z in _shapes(problem, params))


def _shapes(problem: Problem, params: Params) -> list[jax.ShapeDtypeStruct]:
    return jax.eval_shape(lambda p: preactivations(problem.network, p, problem.x[:1]), params)


def pairs_obstacle(problem: Problem) -> str | None:
    """Why quantities of all pairs of samples are not watched; None if they can be."""
    if problem.samples < 2:
        return "There is one sample and no pair of samples. Give at least two."
    if problem.samples <= _LARGEST:
        return None
    return (
        f"There are {problem.samples} samples; quantities of all their pairs are watched up to "
        f"{_LARGEST}. Train on fewer samples."
    )
