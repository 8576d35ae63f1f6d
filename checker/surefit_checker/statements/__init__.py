"""What a certificate may claim: how a kind of statement is read, and what proves it.

`prove(problem, chain)` verifies inequalities, leaves its numbers in the chain, and returns the
sentence proved.
"""

from __future__ import annotations

from surefit_checker.reading import positive, real, whole
from surefit_checker.statements import classes, initialisation, local, shadowing

BALL = {"rho": positive, "start_radius": real}
STATEMENTS = {
    "flow": (BALL, local.flow),
    "descent": (BALL | {"step_size": positive}, local.descent),
    "stochastic": (
        {"rho": positive, "step_size": positive, "batch_size": whole, "growth": positive,
         "failure_probability": positive},
        local.stochastic,
    ),
    "accuracy": ({}, classes.accuracy),
    "homogeneous": ({}, classes.homogeneous),
    "initialisation": ({"step_size": positive, "reach": positive}, initialisation.prove),
    "shadowing": ({"rho": positive, "step_size": positive, "steps": whole}, shadowing.prove),
}  # fmt: skip
