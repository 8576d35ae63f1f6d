r"""Levenberg-Marquardt in the space of functions: one small linear system per step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from surefit.core.layer import Params
from surefit.core.memory import available_bytes
from surefit.core.precision import as_float64, float64
from surefit.errors import NumericalError
from surefit.polishing.arguments import require_arguments
from surefit.polishing.result import Polish, PolishStatus, PolishStep
from surefit.polishing.standing import Standing, standing
from surefit.polishing.stepping import accepted_step
from surefit.polishing.systems import DenseSystem, IterativeSystem, System
from surefit.polishing.weights import distance, jittered, residual
from surefit.polishing.wording import message
from surefit.problem import Problem

__all__ = ["polish"]

Progress = Callable[[PolishStep], None]

_DAMPING = 1e-2  # at the start, in units of the mean eigenvalue of K
_JITTER = 1e-5  # relative size of the random perturbation that leaves a kink
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
        adapts), its eigenvalues and a curvature bound; five to twenty steps, up to sixty for narrow
        networks with kinks. One array of N by N numbers besides those that making the Gram matrix
        and its eigenvalues takes; where signs are kept, 2N + p numbers more for each of up to a
        thousand pre-activations, p times their number at most $3\cdot10^7$.

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
    best: _Held | None = None
    while True:
        system = _system(problem, now, dense, seed)
        norm = float(np.linalg.norm(r))
        asked = None
        if isinstance(system, DenseSystem) and _worth_asking(problem, history, norm):
            last = asked = standing(problem, now, norm, system)
        history.append(_entry(history, norm, damping, asked, rejected))
        if progress is not None:
            progress(history[-1])
        clearance = math.inf if asked is None else asked.clearance(norm)
        clear = clearance >= 1.0
        if history[-1].condition <= condition and (best is None or clearance > best.clearance):
            best = _Held(now, asked, len(history), jittering, clearance)
        status = _status(history, since, steps, condition if clear else 0.0, floor)
        if status is None:
            found = accepted_step(problem, now, r, system, damping)
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
        break
    if best is not None:  # what came later is farther from a certificate, or nearer to a kink
        status, now, last, jittering = PolishStatus.CERTIFIED, best.params, best.last, best.jitters
        history = history[: best.steps]
    moved = distance(problem, start, now)
    text = message(status, history, last, moved, jittering)
    seconds = time.perf_counter() - begin
    return now, Polish(status, text, tuple(history), *moved, jittering, seconds)


class _Held(NamedTuple):
    """Weights at which a certificate holds with its margin, and how they were reached."""

    params: Params
    last: Standing | None
    steps: int
    jitters: int
    clearance: float


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


def _worth_asking(problem: Problem, history: list[PolishStep], norm: float) -> bool:
    small = problem.residuals <= _LARGE
    return small or (bool(history) and norm <= 1e-4 * history[0].residual)


def _system(problem: Problem, params: Params, dense: bool, seed: int) -> System:
    if dense:
        return DenseSystem(np.asarray(problem.gram(params)))
    return IterativeSystem(problem, params, seed)


def _too_large(problem: Problem) -> bool:
    return 8 * _COPIES * problem.residuals**2 > available_bytes()
