"""Solvers of equilibria: one file each."""

from surefit.core.catalogue import Catalogue
from surefit.implicit.solver import Solver
from surefit.implicit.solvers.picard import Picard

SOLVERS = Catalogue("solver", Solver, "surefit.implicit.solvers")

__all__ = ["SOLVERS", "Picard", "Solver"]
