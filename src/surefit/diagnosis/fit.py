"""Is the network over-parameterised on this data: can its linearisation fit every target?"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check, Sense
from surefit.core.spectrum import Enclosure, Extremes, effective_dimension
from surefit.diagnosis.conflicts import EqualRows
from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.subject import Subject

__all__ = ["Fit", "fit_of"]

# Descent with the step 1/lambda_max resolves eigenvalues above lambda_max over the steps.
_STEPS = (100, 10_000)


@dataclasses.dataclass(frozen=True, eq=False)
class Fit:
    r"""Numbers of equations and unknowns, and the spectrum of the tangent kernel.

    Args:
        parameters: $p$, how many scalars move.
        residuals: $nk$, how many equations an exact fit solves.
        samples: on how many samples the kernel matrix was formed.
        of: how many there are.
        rank: of that matrix, as far as eigenvalues can be told from 0.
        smallest: its smallest eigenvalue.
        largest: of the kernel on all samples.
        directions: steps -> the effective dimension that so many steps of descent learn.
        conflicts: groups of equal inputs with different targets, by row number.
        duplicates: groups of equal inputs with equal targets.
        forced: a loss below which no function gets, because of the conflicts; None: not known for
            this loss.
        checks: parameters against residuals, conflicts, and the smallest eigenvalue.
        holds: whether an exact fit by the linearisation is there; None: cannot say.
        verdict: one sentence.
    """

    parameters: int
    residuals: int
    samples: int
    of: int
    rank: int
    smallest: Enclosure
    largest: Enclosure
    directions: dict[int, float]
    conflicts: tuple[tuple[int, ...], ...]
    duplicates: tuple[tuple[int, ...], ...]
    forced: float | None
    checks: tuple[Check, ...]
    holds: bool | None
    verdict: str

    @property
    def condition(self) -> float:
        r"""$\lambda_{\max}/\lambda_{\min}$; infinite where $\lambda_{\min}$ may be 0."""
        return self.largest.value / self.smallest.value if self.smallest.lower > 0 else math.inf


def fit_of(
    subject: Subject, kernel: DenseKernel, extremes: Extremes | None, equal: EqualRows
) -> Fit:
    """Hold parameters and spectrum against the data.

    Args:
        subject: with all samples.
        kernel: on all samples or on some.
        extremes: of the kernel on all samples, where the matrix has only some of them.
        equal: inputs.
    """
    smallest = kernel.spectrum.smallest if extremes is None else extremes.smallest
    largest = kernel.spectrum.largest if extremes is None else extremes.largest
    checks = (
        Check("p >= n k", float(subject.parameters), float(subject.residuals), Sense.AT_LEAST,
              note="fewer parameters than residuals leave the kernel singular"),
        Check("conflicting duplicates", float(len(equal.conflicts)), 0.0,
              note="no function has two values at one input"),
        smallest.check("lambda_min(K) > 0", 0.0, Sense.GREATER, note=_note(subject, extremes)),
    )  # fmt: skip
    holds, verdict = _verdict(subject, kernel, checks, equal, extremes)
    top = kernel.spectrum.largest.value
    return Fit(
        parameters=subject.parameters,
        residuals=subject.residuals,
        samples=kernel.subject.samples,
        of=subject.samples,
        rank=kernel.rank,
        smallest=smallest,
        largest=largest,
        directions=_directions(kernel, top),
        conflicts=equal.conflicts,
        duplicates=equal.duplicates,
        forced=equal.forced,
        checks=checks,
        holds=holds,
        verdict=verdict,
    )


def _directions(kernel: DenseKernel, top: float) -> dict[int, float]:
    if top <= 0.0:
        return dict.fromkeys(_STEPS, 0.0)
    values = np.maximum(np.asarray(kernel.spectrum.eigenvalues), 0.0)
    clipped = dataclasses.replace(kernel.spectrum, eigenvalues=values)
    return {steps: effective_dimension(clipped, top / steps).value for steps in _STEPS}


def _note(subject: Subject, extremes: Extremes | None) -> str:
    if extremes is not None:
        return "upper end certain up to rounding, lower end from a random start of Lanczos"
    if subject.double:
        return "error: of the eigenvalue solver, and n k u lambda_max for forming the matrix"
    return (
        f"the function computes in {subject.precision}: eigenvalues below about "
        f"{subject.relative_error:.0e} lambda_max cannot be told from 0"
    )


def _verdict(
    subject: Subject,
    kernel: DenseKernel,
    checks: tuple[Check, ...],
    equal: EqualRows,
    extremes: Extremes | None,
) -> tuple[bool | None, str]:
    p, size = subject.parameters, subject.residuals
    if equal.conflicts:
        fits = "both" if len(equal.conflicts[0]) == 2 else "them all"
        least = "" if equal.forced is None else f"; the loss stays at {equal.forced:.4g} or above"
        return False, f"No: {equal.sentence}; no function fits {fits}{least}."
    if p < size:
        return False, (
            f"No: {p} parameters move and {size} residuals must vanish, so that the tangent kernel "
            f"has at least {size - p} eigenvalues 0."
        )
    smallest = checks[-1]
    if smallest.holds:
        how = "" if extremes is None else " (lower end by a random start, not proved)"
        return True, (
            f"Yes: {p} parameters for {size} residuals, and the smallest eigenvalue of the tangent "
            f"kernel is {smallest.value:.3g} > 0{how}: the linearised network fits every target."
        )
    if extremes is not None:
        return None, (
            f"Cannot say: {p} parameters for {size} residuals, but the smallest eigenvalue of the "
            f"kernel on all samples is only known to be at most {extremes.smallest.upper:.3g}; on "
            f"{kernel.subject.samples} of them the rank is {kernel.rank} of "
            f"{kernel.subject.residuals}."
        )
    return None, (
        f"Cannot say: {p} parameters for {size} residuals, but {size - kernel.rank} eigenvalues of "
        f"the tangent kernel cannot be told from 0 in {subject.precision} (they are below "
        f"{kernel.spectrum.error:.1e}); its rank is {kernel.rank} as far as can be seen."
    )
