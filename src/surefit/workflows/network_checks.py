"""Checks of the network, before and after training."""

from __future__ import annotations

import dataclasses

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.equilibria import well_posedness
from surefit.problem import Problem

__all__ = ["network_checks"]


def network_checks(problem: Problem, start: Params, end: Params) -> tuple[Check, ...]:
    """Whether the equilibria of the network exist, at the start and at the end of training.

    Args:
        problem: network and data.
        start: the initial parameters.
        end: the trained ones.

    Returns:
        None for networks without equilibria.

    Cost: see `surefit.equilibria.well_posedness`, twice.
    """
    return tuple(
        dataclasses.replace(check, name=f"{when}: {check.name}")
        for when, params in (("start", start), ("end", end))
        for check in well_posedness(problem.network, params, problem.x)
    )
