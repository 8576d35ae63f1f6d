"""What Song et al. (2021) read off their experiment, as checks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from surefit.core.check import Check, Evidence, Sense
from surefit.workflows.experiments.song_2021_students import StudentRun

__all__ = ["mean_agreement", "song_2021_checks"]

# Share of the training samples from which on a student counts as fitted.
FITTED = 0.99
# Standard errors of a difference that count as chance.
_SPREAD = 2.0
_NAMES = {"cross_entropy": "cross-entropy", "mean_squared": "mean squares"}


def mean_agreement(runs: Sequence[StudentRun], loss: str) -> dict[float, float]:
    """Ratio -> mean agreement over the students with this loss, ratios increasing."""
    found: dict[float, list[float]] = {}
    for run in sorted(runs, key=lambda run: run.ratio):
        if run.loss == loss:
            found.setdefault(run.ratio, []).append(run.agreement)
    return {ratio: float(np.mean(values)) for ratio, values in found.items()}


def song_2021_checks(runs: Sequence[StudentRun], test_samples: int) -> tuple[Check, ...]:
    """Students train; the lazy start generalises worse; the agreement rises up to He's start.

    Args:
        runs: all students.
        test_samples: how many samples an agreement is a share of. All students share them, so that
            repeats do not make a mean more certain than one student's binomial error.
    """
    checks = [
        Check.from_flag(_student(run), False, note=run.complaint) for run in runs if run.complaint
    ]
    for loss in dict.fromkeys(run.loss for run in runs):
        means = mean_agreement(runs, loss)
        if len(means) > 1 and min(means) < 1.0:
            checks += [_lazy_loses(loss, means, test_samples), _rises(loss, means, test_samples)]
    fitted = [run.fitted for run in runs if run.loss == "cross_entropy"]
    if fitted:
        checks.append(_fitted(min(fitted)))
    return tuple(checks)


def _student(run: StudentRun) -> str:
    return f"training with {_NAMES[run.loss]} at ratio {run.ratio:g} is stable"


def _error(first: float, second: float, count: int) -> float:
    """Two standard errors of the difference of two shares of `count` samples."""
    variance = first * (1.0 - first) + second * (1.0 - second)
    # A share of 0 or 1 has the error of one sample in two at least.
    return _SPREAD * math.sqrt(max(variance, 0.5 / count) / count)


def _he(means: dict[float, float]) -> float:
    """The ratio closest to He's."""
    return min(means, key=lambda ratio: abs(math.log(ratio)))


def _lazy_loses(loss: str, means: dict[float, float], count: int) -> Check:
    small, he = min(means), _he(means)
    return Check(
        f"test agreement with {_NAMES[loss]}, ratio {he:g} minus ratio {small:g}",
        means[he] - means[small],
        0.0,
        Sense.GREATER,
        error=_error(means[he], means[small], count),
        evidence=Evidence.SAMPLED,
        note="The lazy start, omega_2 much smaller than omega_1, generalises worse (decided beyond "
        "two standard errors).",
    )


def _fitted(smallest: float) -> Check:
    return Check(
        "smallest training agreement with cross-entropy",
        smallest,
        FITTED,
        Sense.AT_LEAST,
        evidence=Evidence.SAMPLED,
        note="What students differ in on test samples is then no matter of unfinished training; at "
        "least 0.9998 in the released runs. With mean squares training is not finished here.",
    )


def _rises(loss: str, means: dict[float, float], count: int) -> Check:
    he = _he(means)
    pairs = itertools.pairwise(ratio for ratio in means if ratio <= he)
    drops = [
        (means[first] - means[second] - _error(means[first], means[second], count), first, second)
        for first, second in pairs
    ]
    worst, first, second = max(drops)
    allowed = _error(means[first], means[second], count)
    return Check(
        f"largest drop of the test agreement with {_NAMES[loss]} on the way up to ratio {he:g}",
        worst + allowed,
        allowed,
        Sense.AT_MOST,
        evidence=Evidence.SAMPLED,
        note=f"From ratio {first:g} to {second:g}; negative: it rises everywhere. Two standard "
        "errors count as chance.",
    )
