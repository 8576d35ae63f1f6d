"""The report in text: a question, its answer, and the numbers below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefit.diagnosis.result import Diagnosis

__all__ = ["as_text"]

_WIDTH = 96
_WORDS = (
    "Linearised network: the first-order expansion in the parameters at these weights; training is "
    "lazy where the network stays near it. Tangent kernel: the inner products of the gradients of "
    "the outputs; its eigenvalues are the speeds at which descent learns directions of the "
    "outputs. Residual: outputs minus targets; for cross-entropy, probabilities minus targets."
)


def as_text(found: Diagnosis) -> str:
    """The whole report."""
    sections = (
        ("Over-parameterised on this data?", found.fit.verdict, _fit(found)),
        ("Which step size is safe?", found.step.verdict, _step(found)),
        ("How many steps to a loss?", found.horizon.verdict, _horizon(found)),
        ("Lazy?", found.lazy.verdict, _lazy(found)),
        ("Which samples are hardest?", found.samples.verdict, _samples(found)),
    )
    lines = []
    for question, verdict, numbers in sections:
        lines += [question, *_wrapped(verdict, "  ")]
        for line in numbers:
            lines += _wrapped(line, "    ")
        lines.append("")
    lines += ["Words", *_wrapped(_WORDS, "  "), ""]
    lines += ["Read this with", *(line for remark in found.remarks
                                  for line in _wrapped(remark, "  "))]  # fmt: skip
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )


def _fit(found: Diagnosis) -> Iterator[str]:
    fit = found.fit
    yield f"parameters {fit.parameters}, residuals (samples times outputs) {fit.residuals}"
    yield f"smallest eigenvalue of the tangent kernel (lambda_min) {fit.smallest}"
    yield f"largest (lambda_max) {fit.largest}"
    ratio = f"{fit.condition:.3g}" if math.isfinite(fit.condition) else "unknown"
    yield f"their ratio {ratio}, rank {fit.rank} on {fit.samples} of {fit.of} samples"
    learnt = ", ".join(f"about {d:.3g} in {steps} steps" for steps, d in fit.directions.items())
    yield f"independent directions of the outputs that are learnt: {learnt}"
    for name, groups in (("conflicting", fit.conflicts), ("equal", fit.duplicates)):
        if groups:
            shown = "; ".join(", ".join(map(str, group)) for group in groups[:5])
            more = f"; and {len(groups) - 5} more groups" if len(groups) > 5 else ""
            yield f"{name} rows: {shown}{more}"


def _step(found: Diagnosis) -> Iterator[str]:
    step = found.step
    yield f"curvature of the linearised network (Gauss-Newton matrix) {step.gauss_newton}"
    if step.sharpness is None:
        yield f"curvature of the network (sharpness) {step.why_no_sharpness}"
    else:
        yield f"curvature of the network (Hessian, also called sharpness) {step.sharpness}"
    yield f"safe {step.safe:.6g}, limit {step.limit:.6g}"


def _targets(found: Diagnosis) -> Iterator[str]:
    for reached in found.horizon.reached:
        yield f"loss {reached.loss:.3g} ({reached.share:.3g} of now): {reached.answer}"


def _horizon(found: Diagnosis) -> Iterator[str]:
    if any(reached.steps is not None for reached in found.horizon.reached):
        yield from _targets(found)
    if found.horizon.slowest:
        slow = ", ".join(f"{value:.3g} ({share:.2g})" for value, share in found.horizon.slowest)
        kind = "eigenvalues" if found.horizon.exact else "eigenvalues seen (Ritz values)"
        yield f"slowest directions, smallest {kind} (share of the squared residual): {slow}"


def _lazy(found: Diagnosis) -> Iterator[str]:
    for name, seen in (("probe", found.lazy.probe), ("measured", found.lazy.measured)):
        if seen is not None:
            yield (
                f"{name}: output gap {seen.gap:.3g}, kernel drift {seen.drift:.3g}, weights moved "
                f"by {seen.distance:.3g} ({seen.relative:.3g} of their norm)"
            )


def _samples(found: Diagnosis) -> Iterator[str]:
    for sample in found.samples.hardest:
        yield sample.sentence
