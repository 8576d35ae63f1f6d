"""The journeys as plain functions: what the command line and notebooks call.

Names are loaded when they are first used: whoever only hands work to other processes does without
JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surefit.workflows import experiments
    from surefit.workflows.certifying import Finished, certify
    from surefit.workflows.kernels import Comparison, FinishedKernel, compare_with_training, kernel
    from surefit.workflows.laziness import Lazy, lazy
    from surefit.workflows.listener import Listener
    from surefit.workflows.networks import INITS, NETWORKS, build_network
    from surefit.workflows.sweeps import SweepListener, SweepOutcome, sweep

__all__ = [
    "INITS",
    "NETWORKS",
    "Comparison",
    "Finished",
    "FinishedKernel",
    "Lazy",
    "Listener",
    "SweepListener",
    "SweepOutcome",
    "build_network",
    "certify",
    "compare_with_training",
    "experiments",
    "kernel",
    "lazy",
    "sweep",
]

# Public name -> the module that defines it. No module has the name of something that another one
# defines: importing it would put it in the place of that thing.
_HOME = {
    "INITS": "networks",
    "NETWORKS": "networks",
    "Comparison": "kernels",
    "Finished": "certifying",
    "FinishedKernel": "kernels",
    "Lazy": "laziness",
    "Listener": "listener",
    "SweepListener": "sweeps",
    "SweepOutcome": "sweeps",
    "build_network": "networks",
    "certify": "certifying",
    "compare_with_training": "kernels",
    "kernel": "kernels",
    "lazy": "laziness",
    "sweep": "sweeps",
}


def __getattr__(name: str) -> Any:
    if name == "experiments":
        return importlib.import_module(f"{__name__}.experiments")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
