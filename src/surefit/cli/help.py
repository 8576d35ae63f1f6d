"""Commands whose help leaves most of the width to the words."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["WideHelp"]


class WideHelp(TyperCommand):
    """A command whose switches have no column for a type, and none for their negations.

    On 80 columns these two took half of what the descriptions have now.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        kept = [(param, param.metavar, param.secondary_opts) for param in self.get_params(ctx)]
        for param, metavar, _ in kept:
            if getattr(param, "is_flag", False):
                param.metavar, param.secondary_opts = metavar or "", []
        try:
            super().format_help(ctx, formatter)
        finally:
            for param, metavar, secondary in kept:
                param.metavar, param.secondary_opts = metavar, secondary
