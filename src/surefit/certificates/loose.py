"""How loose a certificate's curvature bound can be: beside it, what a search finds."""

from __future__ import annotations

import dataclasses
import math

from surefit.certificates.wording import number
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.curvature import curvature_found
from surefit.problem import Problem

__all__ = ["with_looseness"]

# Of the search: directions, steps of each, and at most so much work (samples times parameters
# times steps); fewer than so many steps find nothing.
_STARTS, _STEPS, _WORK, _LEAST = 2, 20, 5e9, 4


def with_looseness(certificate: Certificate, problem: Problem, params: Params) -> Certificate:
    r"""The certificate with the largest curvature that a search at the weights finds.

    The bound $\Lambda$ may be too large by a factor, the found curvature too small: their ratio
    says by how much at most a sharper bound would help. Quantities `curvature_found` and
    `looseness` (at least 1 up to rounding), and a sentence of the note.

    Args:
        certificate: with the quantity `lipschitz`; without, it comes back as it is.
        problem: that it is about.
        params: that it is about.

    Cost:
        A few seconds at most, most of them compilation: 2 directions, up to 20 steps of a power
        iteration on second derivatives; none where a step would take too long.
    """
    bound = certificate.quantities.get("lipschitz", math.nan)
    work = problem.samples * max(problem.parameters(params), 1)
    steps = int(min(_STEPS, _WORK / (_STARTS * work)))
    if not 0.0 < bound < math.inf or steps < _LEAST:
        return certificate
    found = curvature_found(problem, params, starts=_STARTS, steps=steps).value
    if found <= 0.0:
        return certificate
    told = (
        f"The bound {number(bound)} of how fast J changes is at most {number(bound / found)} times "
        f"too large: a search at the weights finds {number(found)}."
    )
    return dataclasses.replace(
        certificate,
        quantities={
            **certificate.quantities,
            "curvature_found": found,
            "looseness": bound / found,
        },
        note=f"{told} {certificate.note}",
    )
