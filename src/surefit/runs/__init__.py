"""What a run is asked to do (specs), what it ran on, and where it is kept (the run store)."""

from surefit.runs.environment import environment_facts
from surefit.runs.failures import FailedRun
from surefit.runs.spec import CertifySpec
from surefit.runs.store import Store
from surefit.runs.workspace import Workspace

__all__ = ["CertifySpec", "FailedRun", "Store", "Workspace", "environment_facts"]
