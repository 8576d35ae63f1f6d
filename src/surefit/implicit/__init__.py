"""Equilibria: their solvers, their derivatives, and what is known about them."""

from surefit.implicit.equilibrium import equilibrium, solve
from surefit.implicit.solution import Solution
from surefit.implicit.solvers import SOLVERS, Picard, Solver

__all__ = ["SOLVERS", "Picard", "Solution", "Solver", "equilibrium", "solve"]
