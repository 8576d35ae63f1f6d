"""The facts at the saved weights on which local statements rest."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, float_down, float_up, gamma, norm
from surefit_checker.curvature import curvature
from surefit_checker.network import Network
from surefit_checker.reading import Folder, fields, real
from surefit_checker.spectrum import least_eigenvalue, operator_bounds
from surefit_checker.statements.majorant import Chain, Facts
from surefit_checker.verdict import InvalidError, UndecidedError


@dataclasses.dataclass(frozen=True)
class Problem:
    """What a statement is about.

    Args:
        statement: as written in the certificate.
        loss: kind of the loss.
        scale: its factor c.
        network: at the saved weights.
        folder: from which the network was made.
    """

    statement: dict[str, Any]
    loss: str
    scale: float
    network: Network
    folder: Folder


def known_facts(problem: Problem, keys: list[str], chain: Chain) -> tuple[Facts, dict[str, float]]:
    """Residual, singular values and curvature, with rigorous rounding."""
    statement = fields(problem.statement, keys, "statement")
    rho = real(statement, "rho")
    start = real(statement, "start_radius") if "start_radius" in keys else 0.0
    if not 0 <= start < rho:
        raise InvalidError("`rho` must be larger than `start_radius`, which must not be negative")
    if problem.loss != "squared":
        raise InvalidError("this statement is about squared losses")
    kernel = problem.network.kernel()
    residual = float(norm(problem.network.residual.ball().mag()))
    low, high = least_eigenvalue(kernel), -least_eigenvalue(-kernel)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UndecidedError("the eigenvalues of the tangent kernel could not be bounded")
    numbers = chain.numbers
    numbers |= {"residual_norm": residual, "jacobian_norm": float_up(arb(max(high, 0.0)).sqrt())}
    if not low > 0:
        raise UndecidedError(
            f"the smallest eigenvalue of the tangent kernel, at least {low:.3g}, is not positive"
        )
    sigma = float_down(arb(low).sqrt())
    chain.near = max(chain.near, _uncertain(problem.network, residual, low, high))
    lipschitz = curvature(problem.network, rho)
    if not np.isfinite(lipschitz):
        raise UndecidedError("the curvature could not be bounded")
    numbers |= {"sigma_min": sigma, "lipschitz": lipschitz}
    facts = Facts(
        *(arb(x) for x in (residual, sigma, numbers["jacobian_norm"], lipschitz, rho, start))
    )
    chain.at_most(
        "lipschitz * start_radius < sigma",
        facts.lipschitz * facts.start_radius,
        facts.sigma,
        strict=True,
    )
    return facts, numbers


def _uncertain(network: Network, residual: float, low: float, high: float) -> float:
    """About the part of the bounds of residual and eigenvalue that may be rounding alone."""
    if network.make is not Ball:
        return 0.0
    r, n = network.residual, network.gram.shape[0]
    least = float(norm(np.maximum(np.abs(r.mid) - r.rad, 0.0)))
    rounded = n * gamma(8 * n + 64) * high + float(operator_bounds(Ball(network.gram.rad)))
    return 1.0 - min(least / residual, 1.0) + 2.0 * rounded / low
