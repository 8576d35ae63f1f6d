"""One step of polishing: which weights are tried, and which are accepted."""

from __future__ import annotations

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Params
from surefit.polishing.kinks import step_between_kinks
from surefit.polishing.systems import DenseSystem, System
from surefit.polishing.weights import moved_by, residual
from surefit.problem import Problem

__all__ = ["accepted_step"]

_ACCEPT = 0.4  # of the change that the linear model predicts, by which the truth may miss it
_SHRINK, _GROW = 0.1, 3.0
_LEAST, _MOST = 1e-16, 1e6  # the range of the damping in these units
_BETWEEN_KINKS = 3  # dampings for which a step is also tried that keeps all signs


def accepted_step(
    problem: Problem, params: Params, r: np.ndarray, system: System, damping: float
) -> tuple[Params, np.ndarray, float, int] | None:
    r"""The first step that is accepted: $\lVert r_{\mathrm{new}} - \lambda v\rVert$ is small.

    Args:
        problem: network, squared loss and data.
        params: the weights.
        r: $f - y$ there.
        system: $K$ there.
        damping: the first one to try, in units of the mean eigenvalue of K.

    Returns:
        The new weights, their residual, the damping for the next step and the number of dampings
        that were too small; None where no damping helps.
    """
    rejected = 0
    while damping <= _MOST:
        shift = damping * system.scale
        for candidate, predicted in _candidates(problem, params, r, system, shift, rejected):
            new = np.asarray(residual(problem, candidate))
            missed = np.linalg.norm(new - predicted)
            # A NaN is a rejection.
            better = np.linalg.norm(new) < np.linalg.norm(r)
            if missed <= _ACCEPT * np.linalg.norm(r - predicted) and better:
                return candidate, new, max(damping * _SHRINK, _LEAST), rejected
        damping, rejected = damping * _GROW, rejected + 1
    return None


def _candidates(
    problem: Problem, params: Params, r: np.ndarray, system: System, shift: float, rejected: int
) -> Iterator[tuple[Params, np.ndarray]]:
    """Weights to try for one damping, and what the linear model predicts of their residual."""
    inverse = system.factor(shift)
    if inverse is None:
        return
    v = inverse(r)
    if np.isfinite(v).all():
        yield moved_by(problem, params, jnp.asarray(v)), shift * v
    if rejected < _BETWEEN_KINKS and isinstance(system, DenseSystem):
        kept = step_between_kinks(problem, params, r, inverse, shift)
        if kept is not None:
            yield kept
