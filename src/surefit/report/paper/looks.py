"""How figures look on paper: sizes, fonts, and the colours of the page."""

from __future__ import annotations

import functools
import re
from typing import Any

from surefit.report.shell import resource

__all__ = ["DASHES", "SETTINGS", "SIZES", "colour", "marker", "page_colour", "plain"]

# Width and height in inches of a figure over one column, and over two.
SIZES = {"": (3.3, 2.6), "-wide": (6.9, 3.4)}

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "errorbar.capsize": 2,
    "figure.constrained_layout.use": True,
    # Texts stay texts, and the same figure is the same file.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "surefit",
}

DASHES = {"solid": "-", "dash": (0, (4, 2)), "dot": (0, (1, 1.5)), "dashdot": "-."}
_MARKERS = ("o", "s", "D", "^", "X", "*", "v", "P")
_LINES = 6


@functools.cache
def _colours() -> dict[str, str]:
    """The colours of the page on white: the style sheet has them, before its dark ones."""
    light = resource("report.css").split("@media")[0]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))


def page_colour(name: str) -> str:
    """A colour of the style sheet."""
    return _colours()[name]


def colour(index: int) -> str:
    """A colour of the palette; -1 is that of the text."""
    return page_colour("ink" if index < 0 else f"line-{index % _LINES + 1}")


def marker(index: int) -> str:
    """The marker that goes with a colour; it changes where the colours begin again."""
    return _MARKERS[max(index, 0) // _LINES % len(_MARKERS)]


def plain(text: str) -> str:
    """A text as Matplotlib is to set it: no formulas in it but subscripts of lone letters."""
    escaped = text.replace("\\", "\\\\").replace("$", r"\$")
    return re.sub(r"(?<!\w)([^\W\d_])_(\w+)", r"$\1_{\\mathrm{\2}}$", escaped)
