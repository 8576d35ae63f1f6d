"""Certificates beside those about exact descent: float64 down to its floor, and equilibria."""

from __future__ import annotations

from pathlib import Path

from surefit.certificates import certify_equilibria, certify_floor, has_equilibria
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.proof import Proof
from surefit.problem import Problem
from surefit.workflows.issuing import only_the_step_is_too_long
from surefit.workflows.listener import Listener
from surefit.workflows.proving import answers

__all__ = ["prove_beside"]

FOLDERS = {"equilibria": "certificate_equilibria", "floor": "certificate_floor"}


def prove_beside(
    problem: Problem,
    params: Params,
    step_size: float | None,
    directory: Path,
    listener: Listener,
    *,
    floor: bool = False,
) -> tuple[tuple[Certificate, ...], tuple[Proof, ...]]:
    """That equilibria are unique, where there are some; that float64 descends to its floor.

    Args:
        problem: network, loss and data.
        params: trained or polished weights.
        step_size: of the run; None, or if it is too long: one that the theorem allows.
        directory: of the run; every certificate becomes a folder of it.
        listener: hears of progress.
        floor: whether descent in float64 is asked for; it needs a squared loss.

    Returns:
        What was issued, and what the checker says.
    """
    issued: list[Certificate] = []
    if has_equilibria(problem.network):
        listener.stage("A certificate about the equilibria")
        issued.append(certify_equilibria(problem, params))
    if floor and problem.loss.residual_scale(problem.samples) is None:
        listener.stage("No certificate about descent in float64: it is about the squared loss")
    elif floor:
        listener.stage("A certificate about descent in float64")
        found = certify_floor(problem, params, step_size)
        if only_the_step_is_too_long(found):
            found = certify_floor(problem, params)
        issued.append(found)
    said = (answers([one], directory / FOLDERS[one.name]) for one in issued)
    return tuple(issued), tuple(proof for each in said for proof in each)
