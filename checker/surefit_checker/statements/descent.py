"""Gradient descent from every start near the saved weights converges to zero loss."""

from __future__ import annotations

from flint import arb

from surefit_checker.ball import float_down, float_up
from surefit_checker.reading import real
from surefit_checker.statements.local import known_facts
from surefit_checker.statements.majorant import Chain, Facts, majorise
from surefit_checker.verdict import InvalidError
from surefit_checker.wording import above, below, starts

KEYS = ["kind", "rho", "start_radius", "step_size"]


def prove(problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    facts, numbers = known_facts(problem, KEYS, chain)
    step = real(problem.statement, "step_size")
    if not step > 0:
        raise InvalidError("`step_size` must be positive")
    scaled = 2 * arb(problem.scale) * arb(step)  # the step on half the square
    path, rate = majorise(facts, _loss_against_flow(facts, scaled, chain), chain)
    largest = 1 / (2 * arb(problem.scale) * (facts.beta + facts.lipschitz * facts.rho) ** 2)
    numbers |= {
        "path_length": float_up(path),
        "rate": float_down(rate),
        "largest_step": float_down(largest),
    }
    sentence = (
        f"Gradient descent on the loss with step size {step!r} from "
        f"{starts(float(facts.start_radius))} converges to weights with zero "
        f"loss: its path is no longer than {above(numbers['path_length'])}, and every step shrinks "
        f"the norm of the residual, now at most {above(numbers['residual_norm'])} at the saved "
        f"weights, by a factor of at most 1 - {below(float_down(scaled * rate))}."
    )
    return sentence, numbers


def _loss_against_flow(facts: Facts, step: arb, chain: Chain) -> arb:
    """The constant c of Lemma 2: 1 for steps up to the inverse of the largest eigenvalue."""
    b = (step * (facts.beta + facts.lipschitz * facts.rho) ** 2).upper()
    if b <= 1:
        chain.at_most("step * (jacobian norm on the ball)^2 <= 1", b, arb(1))
        return arb(1)
    _, sigma, _ = facts.at_start()
    alpha = (step * sigma * sigma).upper()
    chain.at_most(
        "step * (jacobian norm on the ball)^2 < 2 - step * sigma^2", b, 2 - alpha, strict=True
    )
    square = (b * (2 - b - alpha) / (1 - b * alpha)).lower()
    c = (square if square > 0 else arb(0)).sqrt().lower()
    chain.at_most("a step is no longer than a Newton step", c * sigma * (step * b).sqrt(), arb(1))
    return c
