"""What Gao et al. (2022) read off their figure, as checks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from surefit.core.check import Check, Evidence, Sense
from surefit.workflows.experiments.width_run import WidthRun

__all__ = ["gao_2022_checks", "norm_interval"]

# Largest change of the scaled operator norm that counts as none.
CHANGE = 1e-4
# Mean and standard deviation of the Tracy-Widom distribution of real matrices.
TRACY_WIDOM = (-1.2065335745820, 1.2680340580263)
SPREAD = 4.0


def norm_interval(gamma: float, width: int) -> tuple[float, float]:
    r"""Where $\frac\gamma{\sqrt m}\|A\|$ lies for a Gaussian matrix, but for one draw in thousands.

    $\|A\|^2 \approx 4m + 2^{4/3}m^{1/3}T$ with $T$ of the Tracy-Widom law: four standard
    deviations around the mean. At $\gamma = 0.1$ and widths 500 to 4000 it contains the readings
    0.1980 to 0.1993 of the paper's figure.

    References:
        Johnstone (2001), On the distribution of the largest eigenvalue in principal components
        analysis, Theorem 1.1.
    """
    mean, deviation = TRACY_WIDOM
    scale = 2.0 ** (4.0 / 3.0) * width ** (-2.0 / 3.0)
    ends = [4.0 + scale * (mean + sign * SPREAD * deviation) for sign in (-1.0, 1.0)]
    low, high = np.sqrt(np.maximum(ends, 0.0))
    return gamma * float(low), gamma * float(high)


def gao_2022_checks(runs: Sequence[WidthRun], gamma: float) -> tuple[Check, ...]:
    """Wider is faster; the norm is where it should be; it does not move."""
    checks = [_stable(run) for run in runs if run.complaint]
    checks += [_faster(first, second) for first, second in itertools.pairwise(runs)]
    for run in runs:
        checks += _norm(run, gamma)
    return tuple(checks)


def _stable(run: WidthRun) -> Check:
    return Check.from_flag(f"training at width {run.width} is stable", False, note=run.complaint)


def _faster(first: WidthRun, second: WidthRun) -> Check:
    return Check(
        f"training error at the end, width {second.width} against {first.width}",
        float(second.train_error[1, -1]),
        float(first.train_error[1, -1]),
        Sense.LESS,
        evidence=Evidence.SAMPLED,
        note="Wider networks are to converge faster; one seed.",
    )


def _norm(run: WidthRun, gamma: float) -> list[Check]:
    low, high = norm_interval(gamma, run.width)
    start = float(run.norm[1, 0])
    law = f"Tracy-Widom law, {SPREAD:g} standard deviations: {low:.4f} to {high:.4f}."
    change = float(np.max(np.abs(run.norm[1] - start)))
    return [
        Check(
            f"scaled operator norm at the start, width {run.width}, from below",
            start,
            low,
            Sense.AT_LEAST,
            note=law,
        ),
        Check(f"scaled operator norm at the start, width {run.width}, from above", start, high),
        Check(
            f"largest change of the scaled operator norm, width {run.width}",
            change,
            CHANGE,
            Sense.LESS,
            note="The figure of the paper shows horizontal lines.",
        ),
    ]
