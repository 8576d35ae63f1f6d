"""What a certificate may claim: one file per kind of statement, with a function `prove`."""

from __future__ import annotations

from surefit_checker.statements import (
    accuracy,
    descent,
    flow,
    homogeneous,
    initialisation,
    shadowing,
    stochastic,
)

STATEMENTS = {
    "accuracy": accuracy.prove,
    "descent": descent.prove,
    "flow": flow.prove,
    "homogeneous": homogeneous.prove,
    "initialisation": initialisation.prove,
    "shadowing": shadowing.prove,
    "stochastic": stochastic.prove,
}
