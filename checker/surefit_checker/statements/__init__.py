"""What a certificate may claim: what proves it, by kind of statement.

A proof is a function of the problem and the chain: it verifies inequalities, leaves its numbers in
the chain, and returns the sentence proved.
"""

from __future__ import annotations

from surefit_checker.statements import (
    classes,
    equilibria,
    inexact,
    initialisation,
    local,
    shadowing,
)

PROOFS = {
    "flow": local.flow,
    "descent": local.descent,
    "stochastic": inexact.stochastic,
    "accuracy": classes.accuracy,
    "homogeneous": classes.homogeneous,
    "shadowing": shadowing.prove,
    "initialisation": initialisation.prove,
    "floor": inexact.floor,
    "equilibria": equilibria.prove,
}
