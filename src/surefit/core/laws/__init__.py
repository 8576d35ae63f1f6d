"""Laws read off repeated runs: success rates, the width they ask for, powers, phase diagrams."""

from surefit.core.laws.phase import PhaseGrid, phase_grid
from surefit.core.laws.power import PowerLaw, fit_power_law
from surefit.core.laws.success import success_interval
from surefit.core.laws.threshold import Threshold, width_threshold

__all__ = [
    "PhaseGrid",
    "PowerLaw",
    "Threshold",
    "fit_power_law",
    "phase_grid",
    "success_interval",
    "width_threshold",
]
