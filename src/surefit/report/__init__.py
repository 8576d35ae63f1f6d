"""The report: one HTML page per run that works offline; reads core only."""

from surefit.report.experiment import is_experiment, render_experiment, write_experiment
from surefit.report.page import render, write_page

__all__ = ["is_experiment", "render", "render_experiment", "write_experiment", "write_page"]
