"""The report: one HTML page per run, and a site per store, that work offline; reads core only."""

from surefit.report.experiment import is_experiment, render_experiment, write_experiment
from surefit.report.figures.store import is_store
from surefit.report.kernel import is_kernel, render_kernel, write_kernel
from surefit.report.page import render, write_page
from surefit.report.paper import write_figures
from surefit.report.site import write_site

__all__ = [
    "is_experiment",
    "is_kernel",
    "is_store",
    "render",
    "render_experiment",
    "render_kernel",
    "write_experiment",
    "write_figures",
    "write_kernel",
    "write_page",
    "write_site",
]
