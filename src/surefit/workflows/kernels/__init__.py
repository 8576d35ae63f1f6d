"""The journey of `surefit kernel` as plain functions."""

from surefit.workflows.kernels.compare import Comparison, compare_with_training
from surefit.workflows.kernels.journey import FinishedKernel, kernel
from surefit.workflows.kernels.networks import build_network

__all__ = ["Comparison", "FinishedKernel", "build_network", "compare_with_training", "kernel"]
