"""What a certificate may claim: what proves it, by kind of statement.

A proof is a function of the problem and the chain: it verifies inequalities, leaves its numbers in
the chain, and returns the sentence proved.
"""

from __future__ import annotations

from surefit_checker.statements import equilibria, inexact, initialisation, local, shadowing
from surefit_checker.statements.classes import accuracy, homogeneous

PROOFS = {
    "flow": local.flow,
    "descent": local.descent,
    "stochastic": inexact.stochastic,
    "accuracy": accuracy,
    "homogeneous": homogeneous,
    "shadowing": shadowing.prove,
    "initialisation": initialisation.prove,
    "floor": inexact.floor,
    "equilibria": equilibria.prove,
}
