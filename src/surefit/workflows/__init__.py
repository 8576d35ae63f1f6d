"""The journeys as plain functions: what the command line and notebooks call."""

from surefit.workflows import experiments
from surefit.workflows.certify import Finished, certify
from surefit.workflows.lazy import Lazy, lazy
from surefit.workflows.listener import Listener
from surefit.workflows.networks import INITS, NETWORKS, build_network

__all__ = [
    "INITS",
    "NETWORKS",
    "Finished",
    "Lazy",
    "Listener",
    "build_network",
    "certify",
    "experiments",
    "lazy",
]
