"""The figures of a store for a paper, by Matplotlib; reads core only."""

from surefit.report.paper.write import write_figures

__all__ = ["write_figures"]
