"""The saved weights classify all samples correctly."""

from __future__ import annotations

from flint import arb

from surefit_checker.ball import float_down
from surefit_checker.reading import fields
from surefit_checker.statements.classes import margins
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.wording import below


def prove(problem: Problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    fields(problem.statement, ["kind"], "statement")
    found = margins(problem)
    smallest = min(float_down(m) for one in found for m in one)
    chain.numbers["smallest_margin"] = smallest
    for number, one in enumerate(found):
        for margin in one:
            chain.at_most(f"0 < margin of sample {number}", arb(0), margin, strict=True)
            chain.steps.pop()
    chain.at_most("0 < smallest margin", arb(0), arb(smallest), strict=True)
    sentence = (
        f"The saved weights classify all {len(found)} samples correctly, by a margin of at least "
        f"{below(smallest)} in the outputs."
    )
    return sentence, chain.numbers
