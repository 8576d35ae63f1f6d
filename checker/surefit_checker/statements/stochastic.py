r"""Stochastic gradient descent converges, with a probability (Theorem 5 of the documentation).

Every step draws b of the n samples, uniformly without replacement and independently of the past.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.ball import float_down, float_up, up
from surefit_checker.reading import real
from surefit_checker.spectrum import operator_bounds
from surefit_checker.statements.local import Problem, known_facts
from surefit_checker.statements.majorant import Chain
from surefit_checker.verdict import InvalidError
from surefit_checker.wording import below

KEYS = ["kind", "rho", "step_size", "batch_size", "growth", "failure_probability"]
OMEGA = arb("1.0718")  # at least 2/(1 + sqrt(1 - 2h)) for h <= 1/8


def prove(problem: Problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    facts, numbers = known_facts(problem, KEYS, chain)
    statement, (n, _) = problem.statement, problem.network.shape
    step, growth = real(statement, "step_size"), arb(real(statement, "growth"))
    batch, failure = statement["batch_size"], real(statement, "failure_probability")
    fits = type(batch) is int and 1 <= batch <= n
    if not fits or not (step > 0 and growth > 1 and failure < 1):
        raise InvalidError("a number of the statement is out of range")
    lam, rho = facts.lipschitz, facts.rho
    chain.at_most("lipschitz * rho < sigma", lam * rho, facts.sigma, strict=True)
    beta, sigma = facts.beta + lam * rho, facts.sigma - lam * rho
    kappa = _kappa(problem, batch, beta, float_up(lam * rho))
    scaled = 2 * arb(problem.scale) * arb(step)
    tau = (scaled * kappa).upper()
    chain.at_most("step * n/b * (jacobian norm of a batch)^2 < 1.85", tau, arb("1.85"), strict=True)
    c = arb("1.856") - tau
    distance = OMEGA * facts.residual / sigma
    far = growth.sqrt() * distance
    chain.at_most("lipschitz * residual <= sigma^2/8", lam * facts.residual, sigma**2 / 8)
    chain.at_most("lipschitz * jacobian norm * distance * sqrt(growth) <= sigma^2/8",
                  lam * beta * far, sigma**2 / 8)  # fmt: skip
    margin = OMEGA * beta * far / sigma
    chain.at_most("the margin of the ball < rho", margin, rho, strict=True)
    chain.at_most("distance of the solutions <= rho", distance, rho)
    path = arb("2.3") * kappa.sqrt() * facts.residual / (c * sigma**2)
    probability = 1 / growth + path / (rho - margin)
    chain.at_most("probability of leaving the ball", probability, arb(failure))
    contraction = arb("0.87") * c * scaled * sigma**2
    numbers |= {
        "expected_path": float_up(path),
        "failure_probability": float_up(probability),
        "contraction": float_down(contraction),
    }
    sentence = (
        f"Stochastic gradient descent on the loss with step size {step!r}, from the saved "
        f"weights, with {batch} samples drawn afresh in every step and their gradient scaled by "
        f"{n}/{batch}, converges to weights with zero loss with a probability of at least 1 - "
        f"{failure!r} over the draws. The squared distance to the "
        "weights with zero loss, in expectation over the runs that have stayed near so far, "
        f"shrinks in every step by a factor of at most 1 - {below(numbers['contraction'])}."
    )
    return sentence, numbers


def _kappa(problem: Problem, batch: int, beta: arb, moved: float) -> arb:
    """At least n/b times the square of the Jacobian of any batch on the ball."""
    n, k = problem.network.shape
    kernel = problem.network.kernel().ball().reshape(n, k, n, k)
    each = np.arange(n)
    own = operator_bounds(kernel[each, :, each, :])  # of the squares, at the saved weights
    squares = np.sort(up((up(np.sqrt(own), 2) + moved) ** 2, 4))
    largest = float(up(np.sum(squares[-batch:]), batch))
    whole = (beta * beta).upper()
    return arb(n) / batch * (whole if whole < largest else arb(largest))
