"""Options that take several values: `--classes 0 1` as well as `--classes 0 --classes 1`."""

from __future__ import annotations

import re
from typing import Any

from surefit.cli.help import WideHelp

__all__ = ["SpreadCommand", "is_option", "spread"]

_NUMBER = re.compile(r"-\d+(\.\d*)?")


def is_option(word: str) -> bool:
    """Whether a word is the name of an option, and no value like -0.5."""
    return word.startswith("-") and not _NUMBER.fullmatch(word)


def spread(arguments: list[str], several: set[str]) -> list[str]:
    """Repeat the name of an option from `several` before each of its values.

    >>> spread(["--classes", "0", "1", "--width", "8"], {"--classes"})
    ['--classes', '0', '--classes', '1', '--width', '8']
    """
    out: list[str] = []
    current: str | None = None
    first = False
    for position, argument in enumerate(arguments):
        if argument == "--":
            return out + arguments[position:]
        if is_option(argument):
            name, equals, _ = argument.partition("=")
            current = name if name in several else None
            first = not equals
            out.append(argument)
        else:
            if current is not None and not first:
                out.append(current)
            first = False
            out.append(argument)
    return out


class SpreadCommand(WideHelp):
    """A command whose list options take all values that follow them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Spread the values, then parse as usual."""
        several = {
            name
            for param in self.params
            if getattr(param, "multiple", False)
            for name in param.opts
        }
        return super().parse_args(ctx, spread(args, several))
