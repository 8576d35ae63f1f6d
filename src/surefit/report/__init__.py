"""The report: one HTML page per run that works offline; reads core only."""

from surefit.report.page import render, write_page

__all__ = ["render", "write_page"]
