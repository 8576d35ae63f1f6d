"""The report: one HTML page per run that works offline; reads core only."""

from surefit.report.experiment import is_experiment, render_experiment, write_experiment
from surefit.report.kernel import is_kernel, render_kernel, write_kernel
from surefit.report.page import render, write_page

__all__ = [
    "is_experiment",
    "is_kernel",
    "render",
    "render_experiment",
    "render_kernel",
    "write_experiment",
    "write_kernel",
    "write_page",
]
