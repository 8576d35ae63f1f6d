"""What is known of one hard sample, in numbers and in words."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.neighbours import classes, rivals

__all__ = ["MANY", "HardSample", "explained"]

# Where more than this share of the samples is contradicted, single contradictions mean little.
MANY = 0.1


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


def explained(
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
    """Sample `i` of the kernel.

    Args:
        kernel: with its subject.
        i: the row of the arrays.
        shares: of the residual that is left, per sample.
        slow: as in `HardSample`, per sample.
        angles: cosines of pairs of samples.
        suspicions: as in `HardSample`, per sample.
        predicted: what the other samples predict, per sample.
        wrong: whether they contradict its target, per sample.
        steps: of the linearised descent.
    """
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
        f"steps; {slow[i]:.0%} of its outputs lie in directions that are not half learnt by then."
    )
    if rival is not None:
        other = "another class" if labels is not None else "another target"
        sentence += (
            f" Most alike with {other}: sample {kernel.rows[rival]} ({near}, cosine {cosine:.4f} "
            "in the kernel)."
        )
    if wrong[i]:
        what = "target" if labels is None else "label"
        sentence += f" The other samples predict {opposed}"
        sentence += (
            f": its {what} may be wrong."
            if wrong.mean() <= MANY
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
