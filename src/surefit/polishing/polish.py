r"""Levenberg-Marquardt in the space of functions: one small linear system per step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Params
from surefit.core.memory import available_bytes
from surefit.core.precision import as_float64, float64
from surefit.errors import NumericalError
from surefit.polishing.arguments import require_arguments
from surefit.polishing.kinks import step_between_kinks
from surefit.polishing.result import Polish, PolishStatus, PolishStep
from surefit.polishing.standing import Standing, standing
from surefit.polishing.systems import DenseSystem, IterativeSystem, System
from surefit.polishing.weights import distance, jittered, moved_by, residual
from surefit.polishing.wording import message
from surefit.problem import Problem

__all__ = ["polish"]

Progress = Callable[[PolishStep], None]

_ACCEPT = 0.4  # of the change that the linear model predicts, by which the truth may miss it
_SHRINK, _GROW = 0.1, 3.0
_DAMPING = 1e-2  # at the start, in units of the mean eigenvalue of K
_LEAST, _MOST = 1e-16, 1e6  # the range of the damping in these units
_JITTER = 1e-5  # relative size of the random perturbation that leaves a kink
_BETWEEN_KINKS = 3  # dampings for which a step is also tried that keeps all signs
_CLEAR = 8  # lengths of the path, about |r| / sigma, that no kink may be within
_ROUNDED = 1e-9  # a distance to a kink that no bound of rounding hides
_STALLED_AFTER, _STALLED_BY = 12, 0.9  # accepted steps that together gain less than this factor
_LARGE = 2500  # from here on the certificate is only asked near its end
_COPIES = 4  # arrays of the size of K that the Gram matrix needs while it is made


@float64
def polish(
    problem: Problem,
    params: Params,
    *,
    steps: int = 100,
    condition: float = 0.1,
    residual_norm: float = 0.0,
    iterative: bool | None = None,
    jitters: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Params, Polish]:
    r"""Move trained weights a little, to where a certificate holds.

    Training of any kind ends near an exact fit; certificates need to be very near. Each step
    solves $(JJ^\top + \lambda I)v = r$ and moves the weights by $-J^\top v$; with the linear model
    the residual becomes $\lambda v$. A step is accepted where
    $\lVert r_{\mathrm{new}} - \lambda v\rVert \le 0.4\,\lVert r - \lambda v\rVert$; then $\lambda$
    is divided by 10, otherwise multiplied by 3. Near a fit with $J$ onto this is Newton's method.
    Where a step is rejected and activations have kinks, one that changes no sign in the linear
    model is tried too: pre-activations that would cross zero are made to stop half-way.
    It ends when the certificate's condition holds with a margin (`condition`).

    The weights change: statements about the polished weights are not about the run that led to
    the weights before. `Polish.message` says by how much they moved.

    Args:
        problem: network, squared loss and data.
        params: trained weights.
        steps: the largest number of accepted steps.
        condition: how small C is to be; the certificate holds below 1. The margin is for whoever
            checks it with coarser bounds.
        residual_norm: stop at this residual norm in any case; 0: go on to the certificate.
        iterative: solve by preconditioned conjugate gradients without forming the N by N matrix
            K, without asking for certificates; None: where K would not fit into memory.
        jitters: how often, where no step helps or the fit is exact with a pre-activation on its
            kink, the weights may be perturbed at random, by a relative $10^{-5}$.
        seed: of perturbations and preconditioner.
        progress: is called with every accepted step.

    Returns:
        The polished weights, and what happened; also where no certificate could be reached.

    Raises:
        InvalidInputError: the loss is no squared loss, or an argument is out of range.
        NumericalError: the network's outputs at `params` are not finite.

    Cost:
        Per step one Gram matrix, one Cholesky factorisation of size N (a few more while $\lambda$
        adapts), its eigenvalues and a curvature bound; five to twenty steps. One array of N by N
        numbers besides those that making the Gram matrix takes.

    References:
        J. J. Moré, The Levenberg-Marquardt algorithm: implementation and theory, Lecture Notes in
        Mathematics 630 (1978).

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> params, done = sf.polish(problem, problem.init(0))
        >>> done.certified, sf.certify(problem, params).holds
        (True, True)
    """
    require_arguments(problem, steps, condition, residual_norm, jitters)
    begin, params = time.perf_counter(), as_float64(params)
    start, now = params, params
    dense = not (_too_large(problem) if iterative is None else iterative)
    r = np.asarray(residual(problem, now))
    if not np.isfinite(r).all():
        raise NumericalError(
            "`polish(params=...)` must give finite outputs. Got NaN or infinity on the data. The "
            "weights have diverged, or an equilibrium does not exist. Train again with a smaller "
            "step size."
        )
    floor = max(residual_norm, 1e-15 * float(np.linalg.norm(np.asarray(problem.y))))
    history: list[PolishStep] = []
    damping, jittering, rejected, since = _DAMPING, 0, 0, 0
    last: Standing | None = None
    while True:
        system = _system(problem, now, dense, seed)
        norm = float(np.linalg.norm(r))
        if dense and _worth_asking(problem, history, norm):
            assert isinstance(system, DenseSystem)
            last = standing(problem, now, norm, system)
        history.append(_entry(history, norm, damping, last, rejected))
        if progress is not None:
            progress(history[-1])
        clear = _clear_of_kinks(last, norm)
        status = _status(history, since, steps, condition if clear else 0.0, floor)
        if status is None:
            found = _step(problem, now, r, system, damping)
            if found is not None:
                now, r, damping, rejected = found
                continue
            status = PolishStatus.STALLED
        stuck = status is PolishStatus.STALLED or (
            status is PolishStatus.REACHED and residual_norm == 0.0 and not clear
        )
        if stuck and jittering < jitters and len(history) <= steps:
            now = jittered(problem, now, _JITTER, seed + jittering)
            r = np.asarray(residual(problem, now))
            jittering, damping, rejected, since = jittering + 1, _DAMPING, 0, len(history)
            continue
        if history[-1].condition <= condition:
            status = PolishStatus.CERTIFIED
        break
    moved = distance(problem, start, now)
    text = message(status, history, last, moved, jittering)
    seconds = time.perf_counter() - begin
    return now, Polish(status, text, tuple(history), *moved, jittering, seconds)


def _step(
    problem: Problem, params: Params, r: np.ndarray, system: System, damping: float
) -> tuple[Params, np.ndarray, float, int] | None:
    """The first step that is accepted, with the damping for the next one; None: there is none."""
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
    v = system.solve(shift, r)
    if v is not None and np.isfinite(v).all():
        yield moved_by(problem, params, jnp.asarray(v)), shift * v
    if rejected < _BETWEEN_KINKS and isinstance(system, DenseSystem):
        kept = step_between_kinks(problem, params, r, system.gram, shift)
        if kept is not None:
            yield kept


def _status(
    history: list[PolishStep], since: int, steps: int, condition: float, floor: float
) -> PolishStatus | None:
    now = history[-1]
    if now.condition <= condition:
        return PolishStatus.CERTIFIED
    if now.residual <= floor:
        return PolishStatus.REACHED
    if len(history) - since > _STALLED_AFTER:
        before = history[-1 - _STALLED_AFTER].residual
        if now.residual > _STALLED_BY * before:
            return PolishStatus.STALLED
    return PolishStatus.STEPS if now.number >= steps else None


def _entry(
    history: list[PolishStep], norm: float, damping: float, last: Standing | None, rejected: int
) -> PolishStep:
    asked = last is not None
    return PolishStep(
        number=len(history),
        residual=norm,
        damping=damping,
        sigma=last.sigma if asked else math.nan,
        condition=last.condition if asked else math.nan,
        rejected=rejected,
    )


def _clear_of_kinks(last: Standing | None, norm: float) -> bool:
    """Whether all signs stay on a ball that is wider than the path and than rounding."""
    if last is None or last.profile is None:
        return True
    needed = _CLEAR * norm / last.sigma if last.sigma > 0 else math.inf
    return last.profile.limit >= max(needed, _ROUNDED)


def _worth_asking(problem: Problem, history: list[PolishStep], norm: float) -> bool:
    small = problem.residuals <= _LARGE
    return small or (bool(history) and norm <= 1e-4 * history[0].residual)


def _system(problem: Problem, params: Params, dense: bool, seed: int) -> System:
    if dense:
        return DenseSystem(np.asarray(problem.gram(params)))
    return IterativeSystem(problem, params, seed)


def _too_large(problem: Problem) -> bool:
    return 8 * _COPIES * problem.residuals**2 > available_bytes()
