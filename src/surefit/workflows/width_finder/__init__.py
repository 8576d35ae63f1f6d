"""The smallest width at which descent succeeds, measured: by trials, with confidence intervals."""

from surefit.workflows.width_finder.finding import find_width
from surefit.workflows.width_finder.found import FoundWidth, FoundWidths
from surefit.workflows.width_finder.probe import Probe

__all__ = ["FoundWidth", "FoundWidths", "Probe", "find_width"]
