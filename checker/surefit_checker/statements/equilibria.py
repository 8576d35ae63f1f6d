"""Implicit layers have exactly one equilibrium, on a ball of weights (docs: equilibria.md)."""

from flint import arb

from surefit_checker.layers.equilibrium import Equilibrium
from surefit_checker.statements.local import Problem
from surefit_checker.verdict import Chain, above, demand


def prove(problem: Problem, chain: Chain) -> str:
    """The sentence proved."""
    rho = problem.statement.rho
    implicit = [one for one in problem.network.layers if isinstance(one, Equilibrium)]
    demand(len(implicit) > 0, "this statement is about networks with equilibrium layers")
    moduli = {one.spec.name: one.modulus(rho, one.activation.slope) for one in implicit}
    chain.found(modulus=max(moduli.values()))
    for name, modulus in moduli.items():
        chain.at_most(
            f"modulus of layer {name} < 1, on the ball", arb(modulus), arb(1), strict=True
        )
    return (
        f"For all trained weights within {rho!r} of the saved ones and for every input, the "
        f"equilibrium layers of the network have exactly one equilibrium, and applying a layer "
        f"again and again leads to it, nearer by a factor of at most "
        f"{above(chain.numbers['modulus'])} each time."
    )
