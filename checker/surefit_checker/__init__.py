"""Checks certificates of convergence; NumPy and python-flint only."""

from surefit_checker.checking import check
from surefit_checker.verdict import Step, Verdict

__all__ = ["Step", "Verdict", "check"]
