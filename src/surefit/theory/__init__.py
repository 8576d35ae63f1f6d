"""Theorems about training: their assumptions and promises, and the comparison with a run."""

from surefit.theory.assess import assess, monitors_mentioned
from surefit.theory.catalogue import THEOREMS
from surefit.theory.compare import compare
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = [
    "THEOREMS",
    "Provenance",
    "Setting",
    "Theorem",
    "assess",
    "compare",
    "monitors_mentioned",
]
