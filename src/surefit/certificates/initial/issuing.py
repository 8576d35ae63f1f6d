"""From the numbers of Theorem 3 to a certificate in words, checks and quantities."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from surefit.certificates.initial.advice import advice
from surefit.certificates.initial.majorant import Majorised
from surefit.certificates.initial.start import Start
from surefit.certificates.wording import number, rate, steps_per_decade
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Sense

__all__ = ["issued"]

THEOREM = "The length of the linear path (docs/certificates/initialisation.md, Theorem 3)"
SCOPE = (
    "Scope: gradient descent in exact arithmetic from these initial weights; evidence float: "
    "spectra and norms evaluated in float64. The checker bounds them again, with every rounding "
    "error."
)


def issued(
    start: Start,
    found: Majorised | None,
    length: float,
    c: float,
    document: dict[str, Any],
    arrays: dict[str, np.ndarray],
) -> Certificate:
    """The certificate; with a document where it holds.

    Args:
        start: the problem at the initial weights.
        found: what the majorant says; None where it was not asked.
        length: V of the residual.
        c: the constant.
        document: of the network.
        arrays: that it names.
    """
    checks = _checks(start, found)
    holds = all(check.holds for check in checks)
    claim = _claim(start, found)
    certificate = Certificate(
        name="initialisation",
        statement=claim if holds else f"Not shown: {claim[0].lower()}{claim[1:]}",
        theorem=THEOREM,
        checks=checks,
        quantities=_quantities(start, found, length, c),
        witness=arrays,
        note=" ".join([*(_regime(start, found) if holds else advice(start, found)), SCOPE]),
    )
    if not holds or found is None:
        return certificate
    statement = {
        "kind": "initialisation",
        "reach": float(found.reach).hex(),
        "step_size": float(start.step_size).hex(),
    }
    return dataclasses.replace(certificate, document={**document, "statement": statement})


def _checks(start: Start, found: Majorised | None) -> tuple[Check, ...]:
    largest = float(start.values[-1])
    checks = (
        Check(
            "sigma_min(J)",
            start.sigma,
            0.0,
            Sense.GREATER,
            note="J is onto the outputs, rounding of its kernel included",
        ),
        Check("step * ||J||^2", start.step * largest, 1.0, note="no eigenvalue is overshot"),
    )
    if found is None:
        return checks
    condition = Check(
        "Lambda_F V",
        found.product,
        found.limit,
        Sense.LESS,
        note="change of J in the metric of its kernel along the linear path, against psi_c",
    )
    if math.isnan(found.path):
        return (*checks, condition)
    room = Check(
        "way of weights / radius of their ball",
        found.crowding,
        1.0,
        note="weights stay where the change of J is bounded",
    )
    return (*checks, condition, room)


def _decay(start: Start, found: Majorised) -> float:
    """What V shrinks by in a step, at most."""
    return 1.0 - start.step * found.slope * (1.0 - found.phi) * start.sigma**2


def _claim(start: Start, found: Majorised | None) -> str:
    bare = (
        f"Gradient descent with step size {number(start.step_size)} from these initial weights "
        "converges to zero training loss"
    )
    if found is None or math.isnan(found.path):
        return f"{bare}."
    ceiling = math.sqrt(float(start.values[-1])) * found.product / found.lipschitz
    return (
        f"{bare}: the whole path is no longer than {number(found.path)}, the weights of a neuron "
        f"move by no more than {number(found.hidden)} and its output weight by no more than "
        f"{number(found.output)}, and after k steps the norm of the residual, now "
        f"{number(start.size)}, is at most {number(ceiling)} times "
        f"({rate(_decay(start, found))})^k."
    )


def _quantities(start: Start, found: Majorised | None, length: float, c: float) -> dict[str, float]:
    names = ("lipschitz", "condition", "radius", "hidden_movement", "output_movement")
    names += ("rate", "steps_per_decade")
    known = dict.fromkeys(names, math.nan)
    if found is not None:
        decay = _decay(start, found)
        known = {
            "lipschitz": found.lipschitz,
            "condition": found.product / found.limit,
            "radius": found.path,
            "hidden_movement": found.hidden,
            "output_movement": found.output,
            "rate": decay,
            "steps_per_decade": math.nan if math.isnan(decay) else steps_per_decade(decay),
        }
    return {
        "sigma_min": start.sigma,
        "sigma_max": math.sqrt(max(float(start.values[-1]), 0.0)),
        "residual": start.size,
        "loss": 0.5 * start.factor * start.size**2,
        "parameters": float(start.parameters),
        "residuals": float(start.problem.residuals),
        "linear_path_length": length,
        "constant": c,
        **known,
        "step_size": start.step_size,
        "largest_step": 1.0 / (float(start.values[-1]) * start.factor),
    }


def _regime(start: Start, found: Majorised | None) -> list[str]:
    """What such a certificate is worth."""
    if found is None:
        return []
    hidden = float(np.median(start.layers.neuron_norms))
    return [
        "The network is in the kernel regime at this width: the weights of a neuron, of a typical "
        f"norm of {number(hidden)}, move by at most {number(found.hidden)}: the fit is much "
        "like that of a linear model in the features at the start. Narrower networks also "
        "converge; that is for `shadow` or `certify` to show."
    ]
