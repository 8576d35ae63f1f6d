"""What a journey tells while it is under way."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Listener"]


class Listener:
    """Hears of progress; this one keeps it to itself. The command line's prints it."""

    def stage(self, message: str) -> None:
        """A part of the journey begins."""

    def training(self, step: int, steps: int, values: Mapping[str, float]) -> None:
        """Training made `step` of at most `steps` steps; `values` are the newest measurements."""
