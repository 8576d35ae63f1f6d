"""One offline site for a whole store of runs; reads core only."""

from surefit.report.site.build import write_site

__all__ = ["write_site"]
