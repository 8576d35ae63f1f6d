"""Monitors: one file each."""

from surefit.core.catalogue import Catalogue
from surefit.training.monitor import Monitor

MONITORS = Catalogue("monitor", Monitor, "surefit.training.monitors")

__all__ = ["MONITORS", "Monitor"]
