"""Descent whose steps have errors, such as rounding, down to its floor (Theorem 2)."""

from __future__ import annotations

import dataclasses

from flint import arb

from surefit_checker.ball import float_down, float_up
from surefit_checker.chain import Chain, above, below
from surefit_checker.statements import shadowing
from surefit_checker.statements.local import Problem, known_facts, majorise


def prove(problem: Problem, chain: Chain) -> str:
    """The sentence proved."""
    facts, statement, step = known_facts(problem, chain), problem.statement, problem.step
    n, error = statement.steps, arb(statement.error)
    b = (step * facts.beta**2).upper()
    chain.at_most("step * (jacobian norm on the ball)^2 <= 1", b, arb(1))
    budget = n * (facts.beta + facts.sigma) * error
    worse = dataclasses.replace(facts, residual=(facts.residual + budget).upper())
    rate = majorise(worse, arb(1), chain)
    if statement.arithmetic == "float64":
        sizes = (float_up(x) for x in (worse.rho, worse.residual, worse.beta))
        chain.numbers["rounding"] = shadowing.started(problem).step_error(*sizes)
        rounding = arb(chain.numbers["rounding"])
        chain.at_most("rounding of a step in float64 <= error", rounding, error)
    floor = facts.beta * error / (step * rate)
    chain.numbers |= {"floor": float_up(floor), "contraction": float_down(step * rate)}
    whose = "in float64" if statement.arithmetic == "float64" else "in any arithmetic"
    return (
        f"Gradient descent {whose} on the loss with step size {statement.step_size!r} from the "
        f"saved weights, whose steps are off by no more than {statement.error!r}, stays within "
        f"{above(chain.numbers['path_length'])} of them for {n} steps, and after k of these the "
        f"norm of the residual is at most {above(facts.residual)} "
        f"(1 - {below(step * rate)})^k + {above(floor)}."
    )
