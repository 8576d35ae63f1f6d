"""Solvers of equilibria: one file each."""

from surefit.core.catalogue import Catalogue
from surefit.implicit.solver import Solver
from surefit.implicit.solvers.anderson import Anderson
from surefit.implicit.solvers.forward_backward import ForwardBackward
from surefit.implicit.solvers.newton import Newton
from surefit.implicit.solvers.peaceman_rachford import PeacemanRachford
from surefit.implicit.solvers.picard import Picard

SOLVERS = Catalogue("solver", Solver, "surefit.implicit.solvers")

__all__ = [
    "SOLVERS",
    "Anderson",
    "ForwardBackward",
    "Newton",
    "PeacemanRachford",
    "Picard",
    "Solver",
]
