"""How many steps of gradient descent to a given loss, by the linearised dynamics."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.diagnosis.conflicts import EqualRows
from surefit.diagnosis.descent import Course
from surefit.diagnosis.modes import Modes
from surefit.diagnosis.subject import Subject
from surefit.function_space.curves import steps_to_loss

__all__ = ["Horizon", "Reached", "horizon_of"]

_SHARES = (1e-1, 1e-2, 1e-4, 1e-6)
_SLOWEST = 5


@dataclasses.dataclass(frozen=True)
class Reached:
    """When a loss is reached.

    Args:
        loss: which.
        share: of the loss now (above its least value).
        steps: the first step with at most this loss, or the fewest it can be; None: see `answer`.
        answer: the number in words, or why there is none.
    """

    loss: float
    share: float
    steps: int | None
    answer: str


@dataclasses.dataclass(frozen=True, eq=False)
class Horizon:
    """Losses ahead.

    Args:
        step_size: of every step.
        loss: now.
        reached: one answer per target, from large to small.
        slowest: the smallest eigenvalues that can be told from 0, each with the share of the
            squared residual along its eigenvector.
        unlearnt: the share of the squared residual along eigenvalues that cannot be told from 0.
        exact: whether all eigenvalues were computed; otherwise steps are bounds from a Krylov
            space.
        verdict: one sentence.
    """

    step_size: float
    loss: float
    reached: tuple[Reached, ...]
    slowest: tuple[tuple[float, float], ...]
    unlearnt: float
    exact: bool
    verdict: str


def horizon_of(
    subject: Subject,
    modes: Modes,
    course: Course | None,
    step_size: float,
    limit: float,
    targets: tuple[float, ...] | None,
    equal: EqualRows,
) -> Horizon:
    """Steps to every target.

    Args:
        subject: with all samples.
        modes: of the residual (of the slope of the loss, where that is no square).
        course: the steps that were followed, for a loss that is no square; None: none were.
        step_size: of every step.
        limit: beyond this step size the linearised network diverges.
        targets: losses; None: shares of the loss now.
        equal: inputs, which may keep the loss above a target.
    """
    loss = float(subject.loss(subject.predictions(), subject.y))
    above = loss - subject.loss.minimum
    wanted = (
        tuple(subject.loss.minimum + share * above for share in _SHARES)
        if targets is None
        else tuple(sorted(targets, reverse=True))
    )
    found = []
    for target in wanted if above > 0.0 else ():
        share = (target - subject.loss.minimum) / above
        steps, answer = _answer(subject, modes, course, step_size, limit, loss, target, equal)
        found.append(Reached(target, share, steps, answer))
    positive = np.flatnonzero(modes.values > 0.0)[:_SLOWEST]
    total = modes.total or 1.0
    unlearnt = modes.share_below(0.0)
    return Horizon(
        step_size=step_size,
        loss=loss,
        reached=tuple(found),
        slowest=tuple((float(modes.values[i]), float(modes.weights[i] / total)) for i in positive),
        unlearnt=unlearnt,
        exact=modes.exact,
        verdict=_verdict(tuple(found), loss, step_size, unlearnt),
    )


def _answer(
    subject: Subject,
    modes: Modes,
    course: Course | None,
    step_size: float,
    limit: float,
    loss: float,
    target: float,
    equal: EqualRows,
) -> tuple[int | None, str]:
    if loss <= target:
        return 0, "0"
    if equal.conflicts and equal.forced is not None and target <= equal.forced * (1.0 + 1e-12):
        return None, f"never: {equal.sentence}, so that it stays at {equal.forced:.4g} or above"
    if step_size > limit:
        return None, f"never: steps above {limit:.3g} diverge"
    if subject.scale is None:
        return _looked_up(course, target)
    return _solved(subject, modes, subject.scale, step_size, limit, target)


def _solved(
    subject: Subject, modes: Modes, scale: float, step_size: float, limit: float, target: float
) -> tuple[int | None, str]:
    """Of a squared loss, by the formula."""
    floor = scale * float(modes.weights[modes.values == 0.0].sum())
    if target <= floor * (1.0 + 1e-12):
        known = subject.parameters < subject.residuals
        return None, (
            f"{'never' if known else 'cannot say'}: a loss of {floor:.3g} lies along eigenvalues "
            f"that {'are' if known else 'cannot be told from'} 0"
        )
    steps = _steps(modes, scale, step_size, target)
    if steps is None or modes.above is None:
        return steps, "more than 2^53" if steps is None else f"{steps}"
    last = _steps(modes.above, scale, step_size, target) if 2 * step_size <= limit else None
    if last is None:
        return steps, f"at least {steps}"
    return steps, f"{steps}" if last == steps else f"{steps} to {last}"


def _steps(modes: Modes, scale: float, step_size: float, target: float) -> int | None:
    # The curves are those of half the sum of squares.
    return steps_to_loss(
        target / (2.0 * scale), modes.values, modes.weights, 0.0, 2.0 * scale * step_size
    )


def _looked_up(course: Course | None, target: float) -> tuple[int | None, str]:
    if course is None or course.losses is None:
        return None, "not computed: followed only where the kernel of all samples is formed"
    low = np.flatnonzero(course.losses <= target)
    if low.size:
        return int(low[0]), f"{int(low[0])}"
    return None, f"more than the {course.steps} that were followed"


def _verdict(reached: tuple[Reached, ...], loss: float, step_size: float, unlearnt: float) -> str:
    if not reached:
        return "The loss is at its least value already."
    known = [r for r in reached if r.steps is not None]
    start = f"With the step {step_size:.3g}, from the loss {loss:.3g}"
    if not known:
        return f"{start}: {reached[0].answer}."
    listed = ", ".join(f"{r.answer} step{'s' * (r.steps != 1)} to {r.loss:.3g}" for r in known)
    sentence = f"{start}: {listed}, as long as the network stays near its linearisation"
    missing = [r for r in reached if r.steps is None]
    if missing:
        sentence += f"; to {missing[0].loss:.3g}: {missing[0].answer}"
    if unlearnt > 0.0 and not math.isclose(unlearnt, 0.0, abs_tol=1e-12):
        sentence += (
            f"; a share of {unlearnt:.2g} of the squared residual lies along eigenvalues that "
            "cannot be told from 0"
        )
    return sentence + "."
