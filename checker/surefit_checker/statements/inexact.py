"""Descent whose steps are not the exact ones: batches (Theorem 5) and errors (Theorem 2)."""

import dataclasses

import numpy as np
from flint import arb

from surefit_checker.ball import up
from surefit_checker.network import Network
from surefit_checker.spectrum import operator_bounds
from surefit_checker.statements import shadowing
from surefit_checker.statements.local import Problem, known_facts, majorise
from surefit_checker.verdict import Chain, above, below, demand, float_up

OMEGA = arb("1.0718")  # at least 2/(1 + sqrt(1 - 2h)) for h <= 1/8


def stochastic(problem: Problem, chain: Chain) -> str:
    """Descent on batches converges, with a probability (Theorem 5).

    Every step draws b of the n samples, uniformly, without replacement, independently of the past.
    """
    facts, statement, (n, _) = known_facts(problem, chain), problem.statement, problem.network.shape
    batch, failure, growth = statement.batch_size, statement.failure_probability, statement.growth
    fits = batch <= n and growth > 1 and failure < 1
    demand(fits, "a number of the statement is out of range")
    lam, rho, beta, step = facts.lipschitz, facts.rho, facts.beta, problem.step
    chain.at_most("lipschitz * rho < sigma", lam * rho, facts.sigma, strict=True)
    sigma = facts.sigma - lam * rho
    kappa = _kappa(problem.network, batch, beta, float_up(lam * rho))
    tau = (step * kappa).upper()
    chain.at_most("step * n/b * (jacobian norm of a batch)^2 < 1.85", tau, arb("1.85"), strict=True)
    c = arb("1.856") - tau
    distance = OMEGA * facts.residual / sigma
    far = arb(growth).sqrt() * distance
    chain.at_most("lipschitz * residual <= sigma^2/8", lam * facts.residual, sigma**2 / 8)
    chain.at_most("lipschitz * jacobian norm * distance * sqrt(growth) <= sigma^2/8",
                  lam * beta * far, sigma**2 / 8)  # fmt: skip
    margin = OMEGA * beta * far / sigma
    chain.at_most("the margin of the ball < rho", margin, rho, strict=True)
    chain.at_most("distance of the solutions <= rho", distance, rho)
    path = arb("2.3") * kappa.sqrt() * facts.residual / (c * sigma**2)
    probability = 1 / arb(growth) + path / (rho - margin)
    chain.at_most("probability of leaving the ball", probability, arb(failure))
    contraction = arb("0.87") * c * step * sigma**2
    chain.found(expected_path=path, failure_probability=probability, contraction=contraction)
    return (
        f"Stochastic gradient descent on the loss with step size {statement.step_size!r}, from the "
        f"saved weights, with {batch} samples drawn afresh in every step and their gradient scaled "
        f"by {n}/{batch}, converges to weights with zero loss with a probability of at least 1 - "
        f"{failure!r} over the draws. The squared distance to the "
        "weights with zero loss, in expectation over the runs that have stayed near so far, "
        f"shrinks in every step by a factor of at most 1 - {below(chain.numbers['contraction'])}."
    )


def _kappa(network: Network, batch: int, beta: arb, moved: float) -> arb:
    """At least n/b times the square of the Jacobian of any batch on the ball."""
    (n, k), each = network.shape, np.arange(network.shape[0])
    own = operator_bounds(network.kernel().ball().reshape(n, k, n, k)[each, :, each, :])
    squares = np.sort(up((up(np.sqrt(own), 2) + moved) ** 2, 4))
    largest, whole = float(up(np.sum(squares[-batch:]), batch)), (beta * beta).upper()
    return arb(n) / batch * (whole if whole < largest else arb(largest))


def floor(problem: Problem, chain: Chain) -> str:
    """Descent whose steps have errors, such as rounding, falls to its floor (Theorem 2)."""
    facts, statement, step = known_facts(problem, chain), problem.statement, problem.step
    n, error = statement.steps, arb(statement.error)
    b = (step * facts.beta**2).upper()
    chain.at_most("step * (jacobian norm on the ball)^2 <= 1", b, arb(1))
    budget = n * (facts.beta + facts.sigma) * error
    worse = dataclasses.replace(facts, residual=(facts.residual + budget).upper())
    rate = majorise(worse, arb(1), chain)
    if statement.arithmetic == "float64":
        sizes = (float_up(x) for x in (worse.rho, worse.residual, worse.beta))
        (rounding,) = chain.found(rounding=shadowing.started(problem).step_error(*sizes))
        chain.at_most("rounding of a step in float64 <= error", rounding, error)
    lowest = facts.beta * error / (step * rate)
    chain.found(floor=lowest, contraction=step * rate)
    whose = "in float64" if statement.arithmetic == "float64" else "in any arithmetic"
    return (
        f"Gradient descent {whose} on the loss with step size {statement.step_size!r} from the "
        f"saved weights, whose steps are off by no more than {statement.error!r}, stays within "
        f"{above(chain.numbers['path_length'])} of them for {n} steps, and after k of these the "
        f"norm of the residual is at most {above(facts.residual)} "
        f"(1 - {below(step * rate)})^k + {above(lowest)}."
    )
