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
from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.neighbours import classes, contradicted, cosines, left_out, rivals

__all__ = ["HardSample", "Hardness", "hardness_of"]


# Where more than this share of the samples is contradicted, single contradictions mean little.
_MANY = 0.1


@dataclasses.dataclass(frozen=True)
class HardSample:
    r"""One sample.

    Args:
        row: its number in the data.
        target: its class, or its target.
        share: of the squared residual that is left after the steps.
        slow: how much of its outputs lies along eigenvectors less than half of which is learnt by
            then: the squared length of its axes' projection, between 0 and 1.
        rival: the sample of another class (of a target further off than a standard deviation) that
            is nearest in the angle of the kernel; None: there is none.
        cosine: of that angle.
        suspicion: the error of the others' prediction of its target, in units of what is usual
            for a sample with such neighbours.
        predicted: what the others predict.
        suspicious: whether they predict another class (a number off by three such units).
        sentence: all of it in words.
    """

    row: int
    target: float
    share: float
    slow: float
    rival: int | None
    cosine: float
    suspicion: float
    predicted: float
    suspicious: bool
    sentence: str


@dataclasses.dataclass(frozen=True, eq=False)
class Hardness:
    """All samples, and the hardest of them.

    Args:
        steps: of the linearised descent after which the residual is looked at.
        rows: numbers of the samples, in the order of the arrays.
        shares: of the residual that is left, per sample.
        suspicions: see `HardSample`, per sample.
        suspects: rows whose target the others contradict, the most suspicious first.
        hardest: the samples with the largest shares.
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
        _explained(kernel, int(i), shares, slow, angles, suspicions, predicted, wrong,
                   course.steps)
        for i in order if shares[i] > 0.0
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


def _explained(
    kernel: DenseKernel,
    i: int,
    shares: np.ndarray,
    slow: np.ndarray,
    angles: np.ndarray,
    suspicions: np.ndarray,
    predicted: np.ndarray,
    wrong: np.ndarray,
    steps: int,
) -> HardSample:
    others = rivals(kernel, i)
    rival = int(np.argmax(np.where(others, angles[i], -np.inf))) if others.any() else None
    cosine = float(angles[i, rival]) if rival is not None else float("nan")
    labels, y = kernel.subject.labels, np.asarray(kernel.subject.y)
    if labels is not None:
        target, said = float(labels[i]), float(classes(kernel, predicted)[i])
        kind, opposed = f"class {labels[i]}", f"class {int(said)}"
        near = "" if rival is None else f"class {labels[rival]}"
    else:
        target, said = float(y[i, 0]), float(predicted[i, 0])
        kind, opposed = f"target {target:.4g}", f"{said:.4g}"
        near = "" if rival is None else f"target {y[rival, 0]:.4g}"
    sentence = (
        f"Sample {kernel.rows[i]} ({kind}) holds {shares[i]:.0%} of what is left after {steps} "
        f"steps; {slow[i]:.0%} of its outputs lie in directions that are slower."
    )
    if rival is not None:
        sentence += (
            f" Nearest of another: sample {kernel.rows[rival]} ({near}, cosine {cosine:.4f})."
        )
    if wrong[i]:
        what = "target" if labels is None else "label"
        sentence += f" The other samples predict {opposed}"
        sentence += (
            f": its {what} may be wrong."
            if wrong.mean() <= _MANY
            else f", as they contradict {wrong.mean():.0%} of the samples."
        )
    return HardSample(
        row=int(kernel.rows[i]),
        target=target,
        share=float(shares[i]),
        slow=float(slow[i]),
        rival=None if rival is None else int(kernel.rows[rival]),
        cosine=cosine,
        suspicion=float(suspicions[i]),
        predicted=said,
        suspicious=bool(wrong[i]),
        sentence=sentence,
    )


def _verdict(hardest: tuple[HardSample, ...], suspects: tuple[int, ...], steps: int, n: int) -> str:
    if not hardest:
        return "None: nothing is left to learn."
    listed = ", ".join(str(h.row) for h in hardest)
    sentence = (
        f"Samples {listed} hold {sum(h.share for h in hardest):.0%} of the squared residual that "
        f"is left after {steps} steps of the linearised network"
    )
    if suspects:
        shown = ", ".join(map(str, suspects[:10])) + (" and more" if len(suspects) > 10 else "")
        sentence += f"; the other samples contradict the targets of {len(suspects)} of {n}: {shown}"
        if len(suspects) > _MANY * n:
            sentence += " (so many that the kernel may be at fault and not the targets)"
    return sentence + "."
