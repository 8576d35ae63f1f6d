"""Which step size is safe for gradient descent at these weights."""

from __future__ import annotations

import dataclasses
import math

from surefit.core.spectrum import Enclosure
from surefit.diagnosis.curvature import gauss_newton_largest, sharpness
from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.losses import described
from surefit.diagnosis.subject import Subject

__all__ = ["StepSize", "step_size_of"]


@dataclasses.dataclass(frozen=True, eq=False)
class StepSize:
    r"""Step sizes of full-batch gradient descent, from the curvature at these weights.

    Args:
        gauss_newton: the largest eigenvalue of $J^\top AJ$.
        sharpness: the largest eigenvalue of the Hessian of the loss; None: not computed.
        most_negative: its smallest eigenvalue, as far as it was seen; None: not computed.
        why_no_sharpness: a sentence where it was not computed.
        safe: $1/\lambda$ with the larger of the two: no direction overshoots.
        limit: $2/\lambda_{\max}(J^\top AJ)$: beyond it the linearised network diverges.
        loss: the loss with its normalisation, in words.
        verdict: one or two sentences.
    """

    gauss_newton: Enclosure
    sharpness: Enclosure | None
    most_negative: Enclosure | None
    why_no_sharpness: str
    safe: float
    limit: float
    loss: str
    verdict: str


def step_size_of(subject: Subject, kernel: DenseKernel, memory_limit: int | None) -> StepSize:
    """Both curvatures and what follows from them."""
    top = gauss_newton_largest(subject, kernel, memory_limit)
    found = sharpness(subject, memory_limit)
    hessian = None if isinstance(found, str) else found.largest
    largest = max(top.upper, 0.0 if hessian is None else hessian.upper)
    safe = 1.0 / largest if largest > 0.0 else math.inf
    limit = 2.0 / top.upper if top.upper > 0.0 else math.inf
    words = described(subject.loss)
    return StepSize(
        gauss_newton=top,
        sharpness=hessian,
        most_negative=None if isinstance(found, str) else found.smallest,
        why_no_sharpness=found if isinstance(found, str) else "",
        safe=safe,
        limit=limit,
        loss=words,
        verdict=_verdict(subject, top, hessian, safe, limit, words),
    )


def _verdict(
    subject: Subject,
    top: Enclosure,
    hessian: Enclosure | None,
    safe: float,
    limit: float,
    words: str,
) -> str:
    if not math.isfinite(limit):
        return f"Any: at these weights the loss ({words}) has no curvature, and no slope to follow."
    sentence = (
        f"{safe:.3g} is safe at these weights (1 over the largest curvature); beyond {limit:.3g} "
        f"the linearised network diverges. The loss is {words}"
    )
    n = subject.samples
    if "summed over samples" in words:
        sentence += f"; for the mean over the {n} samples both are {n} times as long"
    elif "mean over samples" in words:
        sentence += f"; for the sum over the {n} samples both are 1/{n} of that"
    if hessian is not None and top.value > 0.0:
        ratio = hessian.value / top.value
        sentence += f". The curvature is {ratio:.3g} times that of the linearised network"
    return sentence + ". Curvature changes along a run: this is about these weights only."
