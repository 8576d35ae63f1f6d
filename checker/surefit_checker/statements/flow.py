"""Gradient flow from every start near the saved weights converges to zero loss."""

from __future__ import annotations

from flint import arb

from surefit_checker.ball import float_down, float_up
from surefit_checker.statements.local import known_facts
from surefit_checker.statements.majorant import Chain, majorise
from surefit_checker.wording import above, below, starts

KEYS = ["kind", "rho", "start_radius"]


def prove(problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    facts, numbers = known_facts(problem, KEYS, chain)
    path, rate = majorise(facts, arb(1), chain)
    numbers |= {"path_length": float_up(path), "rate": float_down(rate)}
    exponent = float_down(2 * arb(problem.scale) * rate)
    sentence = (
        f"Gradient flow on the loss from {starts(float(facts.start_radius))} "
        f"converges to weights with zero loss: its path is no longer than "
        f"{above(numbers['path_length'])}, and the norm of the residual, now at most "
        f"{above(numbers['residual_norm'])} at the saved weights, falls at least as fast as "
        f"exp(-{below(exponent)} t)."
    )
    return sentence, numbers
