"""Polishing: from trained weights to a nearby exact fit, so that a certificate can hold."""

from surefit.polishing.polish import polish
from surefit.polishing.result import Polish, PolishStatus, PolishStep

__all__ = ["Polish", "PolishStatus", "PolishStep", "polish"]
