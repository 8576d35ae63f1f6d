"""Hypotheses about numbers: eigenvalues, counts, widths and quantities with enclosures."""

from __future__ import annotations

import math

from surefit.core.check import Check, Evidence, Sense
from surefit.core.spectrum import Enclosure
from surefit.theory.setting import Setting

__all__ = ["enclosed", "over_parameterised", "positive_definite", "width_at_least"]


def enclosed(
    name: str,
    quantity: Enclosure,
    bound: float,
    sense: Sense = Sense.AT_MOST,
    note: str = "",
    evidence: Evidence = Evidence.FLOAT,
) -> Check:
    """A quantity with an enclosure held against a bound, also where an end is infinite."""
    value, error = quantity.value, quantity.error
    if math.isinf(value) or math.isinf(quantity.upper):
        # Only one end says something: enough where that end is on the wrong side already.
        decided = quantity.lower > bound and sense in (Sense.AT_MOST, Sense.LESS)
        value, error = (quantity.lower, 0.0) if decided else (value, math.inf)
    weakest = min((evidence, quantity.evidence), key=lambda item: item.strength)
    return Check(name, value, bound, sense, error, weakest, note)


def positive_definite(name: str, smallest: Enclosure | None, note: str = "") -> Check:
    r"""$\lambda_{\min} > 0$, decided by the enclosure and not by the sign of a rounded number."""
    if smallest is None:
        return Check.undecided(name, "the kernel is not known for this network")
    return enclosed(name, smallest, 0.0, Sense.GREATER, note)


def over_parameterised(setting: Setting) -> Check:
    r"""$p \ge nk$: fewer parameters than equations cannot fit generic targets."""
    return Check(
        "trained parameters p >= n k",
        float(setting.parameters),
        float(setting.problem.residuals),
        Sense.AT_LEAST,
        note="with p < nk the Jacobian cannot be onto",
    )


def width_at_least(
    setting: Setting, required: float | None, unstated: tuple[str, ...] = (), note: str = ""
) -> Check:
    """The smallest hidden width is at least `required`."""
    width = setting.structure.width
    if required is None or width is None:
        return Check.undecided("width m", "no width is known here", unstated=unstated)
    return Check("width m", float(width), required, Sense.AT_LEAST, note=note, unstated=unstated)
