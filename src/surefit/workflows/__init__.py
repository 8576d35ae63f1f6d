"""The journeys as plain functions: what the command line and notebooks call."""

from surefit.workflows import experiments
from surefit.workflows.certify import Finished, certify
from surefit.workflows.kernels import Comparison, FinishedKernel, compare_with_training, kernel
from surefit.workflows.lazy import Lazy, lazy
from surefit.workflows.listener import Listener
from surefit.workflows.networks import INITS, NETWORKS, build_network

__all__ = [
    "INITS",
    "NETWORKS",
    "Comparison",
    "Finished",
    "FinishedKernel",
    "Lazy",
    "Listener",
    "build_network",
    "certify",
    "compare_with_training",
    "experiments",
    "kernel",
    "lazy",
]
