"""What the pages of a site have in common, as files of one folder."""

from __future__ import annotations

import dataclasses

__all__ = ["LIBRARY", "SCRIPT", "SHARED_POLICY", "STYLE", "Shared"]

LIBRARY, SCRIPT, STYLE = "plotly.min.js", "report.js", "report.css"

# Scripts and styles come from files beside the page, and nothing is ever sent. `file:` stands for
# the folder of a site that is opened from the disk, where browsers know no origin.
SHARED_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


@dataclasses.dataclass(frozen=True)
class Shared:
    """Where a page of a site finds what it has in common with the others: relative addresses.

    Args:
        assets: the folder with the plotting library, the script and the style.
        home: the page with all runs.
    """

    assets: str
    home: str
