"""Whether an equilibrium exists: conditions of different strength, and how to keep to them."""

from surefit.implicit.well_posedness.contraction import measured_contraction, successive_ratios
from surefit.implicit.well_posedness.existence import existence_check
from surefit.implicit.well_posedness.monotone import monotone_check
from surefit.implicit.well_posedness.operator_norm import operator_norm_check
from surefit.implicit.well_posedness.perron_frobenius import perron_frobenius_check, perron_root
from surefit.implicit.well_posedness.projection import clipped, rescaled, spectral_norm

__all__ = [
    "clipped",
    "existence_check",
    "measured_contraction",
    "monotone_check",
    "operator_norm_check",
    "perron_frobenius_check",
    "perron_root",
    "rescaled",
    "spectral_norm",
    "successive_ratios",
]
