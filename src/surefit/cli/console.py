"""Where output goes: results to stdout, progress and errors to stderr."""

from __future__ import annotations

from rich.console import Console

__all__ = ["ERRORS", "RESULTS"]

RESULTS = Console(highlight=False)
ERRORS = Console(stderr=True, highlight=False)
