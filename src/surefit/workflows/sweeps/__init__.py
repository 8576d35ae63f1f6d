"""Many runs at once: on this machine or on a cluster, over one store that survives anything."""

from surefit.workflows.sweeps.entry import sweep
from surefit.workflows.sweeps.listener import SweepListener
from surefit.workflows.sweeps.outcome import SweepOutcome

__all__ = ["SweepListener", "SweepOutcome", "sweep"]
