"""The theorems that can be chosen by name."""

from __future__ import annotations

from surefit.core.catalogue import Catalogue
from surefit.theory.theorem import Theorem

__all__ = ["THEOREMS"]

THEOREMS = Catalogue("theorem", Theorem, "surefit.theory.theorems")
