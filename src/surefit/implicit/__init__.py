"""Equilibria: their solvers, their derivatives, and what is known about them."""

from surefit.implicit.equilibrium import equilibrium, solve
from surefit.implicit.solution import Solution
from surefit.implicit.solvers import (
    SOLVERS,
    Anderson,
    ForwardBackward,
    Newton,
    PeacemanRachford,
    Picard,
    Solver,
)

__all__ = [
    "SOLVERS",
    "Anderson",
    "ForwardBackward",
    "Newton",
    "PeacemanRachford",
    "Picard",
    "Solution",
    "Solver",
    "equilibrium",
    "solve",
]
