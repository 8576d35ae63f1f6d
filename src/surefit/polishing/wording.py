"""The end of polishing in sentences: what happened, why, and what to do."""

from __future__ import annotations

import math

from surefit.certificates.wording import number
from surefit.polishing.result import PolishStatus, PolishStep
from surefit.polishing.standing import Standing

__all__ = ["message"]

# A fall of the smallest singular value by this factor is called a collapse.
_COLLAPSE = 0.3


def message(
    status: PolishStatus,
    steps: list[PolishStep],
    last: Standing | None,
    moved: tuple[float, float],
    jitters: int,
) -> str:
    """What polishing did, in sentences.

    Args:
        status: why it ended.
        steps: the start and the accepted steps.
        last: the certificate's numbers at the end; None where they were not asked for.
        moved: distance of the weights, and the same relative to their norm.
        jitters: random perturbations.
    """
    first, end = steps[0], steps[-1]
    fell = f"the residual norm went from {number(first.residual)} to {number(end.residual)}"
    count = f"{end.number} polishing step{'' if end.number == 1 else 's'}"
    if jitters:
        count += f" and {jitters} random perturbation{'' if jitters == 1 else 's'}"
    if status is PolishStatus.CERTIFIED:
        begin = f"After {count} the certificate's condition holds (C = {number(end.condition)})"
    elif status is PolishStatus.REACHED:
        begin = f"After {count} the residual is as small as asked for, or as float64 can make it"
    elif status is PolishStatus.STALLED:
        begin = f"Polishing stalled after {count}: no step made the residual smaller"
    else:
        begin = f"The limit of steps was reached after {count}"
    why = "" if status is PolishStatus.CERTIFIED else _reason(steps, last)
    change = (
        f"It moved the trained weights by {number(moved[0])}, {number(100 * moved[1])} % of their "
        "norm: certificates are about the polished weights, not about those before."
    )
    return " ".join(part for part in (f"{begin}; {fell}.", why, change) if part)


def _reason(steps: list[PolishStep], last: Standing | None) -> str:
    if last is None:
        return "Whether a certificate holds was not asked."
    if last.profile is None:
        return (
            "No curvature bound is known for this network, so that no certificate can tell when "
            "to stop."
        )
    known = [step.sigma for step in steps if not math.isnan(step.sigma)]
    if last.sigma == 0.0 or (known and known[-1] < _COLLAPSE * max(known)):
        return (
            f"The smallest singular value of the Jacobian fell from {number(max(known))} to "
            f"{number(last.sigma)}: activations saturate, or there are too few parameters. Use a "
            "wider network, Gelu or Softplus in place of Tanh, or train longer before polishing."
        )
    if last.profile.kinks and last.condition >= 1.0:
        return (
            f"A {last.profile.limited_by}: signs are known to stay within radius "
            f"{number(last.profile.limit)} only. Train on, allow perturbations (`jitters`), or use "
            "a smooth activation."
        )
    if last.condition >= 1.0:
        fire = steps[-1].residual / last.condition
        return (
            f"The certificate needs a residual norm below {number(fire)} "
            f"(C = {number(last.condition)}). Train longer before polishing, or widen the network."
        )
    return f"A certificate may hold nevertheless (C = {number(last.condition)})."
