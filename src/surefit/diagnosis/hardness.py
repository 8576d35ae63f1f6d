r"""Which samples are learnt last, and why: the view of eigenvectors and of neighbours.

A sample is hard where much of the residual that is left after some steps of the linearised descent
is its own. Whether its target agrees with the others' is asked of kernel ridge regression without
it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.diagnosis.curvature import loss_curvature
from surefit.diagnosis.descent import Course, slopes
from surefit.diagnosis.hard_samples import MANY, HardSample, explained
from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.neighbours import contradicted, cosines, left_out

__all__ = ["Hardness", "hardness_of"]

# A sample with less than this share of what is left is not called hard.
_LITTLE = 0.005


@dataclasses.dataclass(frozen=True, eq=False)
class Hardness:
    """All samples, and the hardest of them.

    Args:
        steps: of the linearised descent after which the residual is looked at.
        rows: numbers of the samples, in the order of the arrays.
        shares: of the residual that is left, per sample.
        suspicions: see `HardSample`, per sample.
        suspects: rows whose target the others contradict, the most suspicious first.
        hardest: the samples with the largest shares, half a per cent or more behind the first.
        verdict: one sentence.
    """

    steps: int
    rows: np.ndarray
    shares: Float[np.ndarray, " n"]
    suspicions: Float[np.ndarray, " n"]
    suspects: tuple[int, ...]
    hardest: tuple[HardSample, ...]
    verdict: str


def hardness_of(kernel: DenseKernel, course: Course, step_size: float, top: int) -> Hardness:
    """Rank the samples of the kernel.

    Args:
        kernel: with its subject.
        course: the steps after which is looked.
        step_size: of these steps.
        top: how many samples to explain.
    """
    subject = kernel.subject
    n = subject.samples
    left = slopes(subject, course.outputs)
    energy = np.sum(left**2, axis=1)
    shares = energy / energy.sum() if energy.sum() > 0.0 else np.zeros(n)
    slow = _slow_shares(kernel, course.steps, step_size)
    predicted, errors = left_out(kernel)
    # Of a normal distribution the median of absolute values is 0.6745 standard deviations.
    usual = float(np.median(errors)) / 0.6745 or 1.0
    suspicions = errors / usual
    wrong = contradicted(kernel, predicted, suspicions)
    order = np.argsort(-shares, kind="stable")[:top]
    angles = cosines(kernel.of_samples)
    hardest = tuple(
        explained(kernel, int(i), shares, slow, angles, suspicions, predicted, wrong,
                   course.steps)
        for place, i in enumerate(order) if shares[i] > (0.0 if place == 0 else _LITTLE)
    )  # fmt: skip
    suspects = sorted(np.flatnonzero(wrong), key=lambda i: -suspicions[i])
    numbers = tuple(int(kernel.rows[i]) for i in suspects)
    return Hardness(
        steps=course.steps,
        rows=kernel.rows,
        shares=shares,
        suspicions=suspicions,
        suspects=numbers,
        hardest=hardest,
        verdict=_verdict(hardest, numbers, course.steps, n),
    )


def _slow_shares(kernel: DenseKernel, steps: int, step_size: float) -> Float[np.ndarray, " n"]:
    subject = kernel.subject
    scale = subject.scale
    bend = 2.0 * scale if scale is not None else _typical_curvature(kernel)
    rate = step_size * bend * kernel.values
    unlearnt = steps * rate < np.log(2.0)
    axes = np.sum(kernel.vectors[:, unlearnt] ** 2, axis=1)
    return axes.reshape(subject.samples, subject.outputs).mean(axis=1)


def _typical_curvature(kernel: DenseKernel) -> float:
    """The mean curvature of the loss in an output, now."""
    subject = kernel.subject
    blocks = loss_curvature(subject.loss, subject.predictions(), subject.y)
    return float(np.einsum("iaa->", blocks)) / subject.residuals


def _verdict(hardest: tuple[HardSample, ...], suspects: tuple[int, ...], steps: int, n: int) -> str:
    if not hardest:
        return "None: nothing is left to learn."
    listed = ", ".join(str(h.row) for h in hardest)
    many = len(hardest) > 1
    sentence = (
        f"{'Samples' if many else 'Sample'} {listed} {'hold' if many else 'holds'} "
        f"{sum(h.share for h in hardest):.0%} of the squared residual that "
        f"is left after {steps} steps of the linearised network"
    )
    if suspects:
        shown = ", ".join(map(str, suspects[:10])) + (" and more" if len(suspects) > 10 else "")
        sentence += f"; the other samples contradict the targets of {len(suspects)} of {n}: {shown}"
        if len(suspects) > MANY * n:
            sentence += (
                " (so many that not the targets, but the kernel may be at fault: the network does "
                "not see what they depend on)"
            )
    return sentence + "."
