"""Grid files: many `surefit certify` runs described at once."""

from surefit.runs.grid.example import grid_example
from surefit.runs.grid.options import SweepOptions
from surefit.runs.grid.spec import GridSpec

__all__ = ["GridSpec", "SweepOptions", "grid_example"]
