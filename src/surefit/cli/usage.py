"""Faults of a command line, in the words of all other errors."""

from __future__ import annotations

import re
import sys
from typing import Any

__all__ = ["is_usage", "usage_in_words"]

# What Typer says about a value, and what the value must be.
_KINDS = (
    (r"Input should be a valid integer.*", "be a whole number"),
    (r"Input should be a valid number.*", "be a number"),
    (r"Input should be (greater|less) than (or equal to )?(\S+)", r"be \1 than \2\3"),
    (r"'.*' is not one of (.*)", r"be one of \1"),
)


def is_usage(error: Exception) -> bool:
    """Whether the parser of the command line raised it; which class that is, Typer decides."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def usage_in_words(error: Any, called: str = "surefit") -> str:
    """What must hold, what was typed, and what to type instead.

    Args:
        error: one for which `is_usage` holds.
        called: the command, `surefit certify`, for errors that do not know theirs.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else called
    said = error.format_message().strip()
    said = said if said.endswith((".", "?", "!")) else f"{said}."
    advice = f"Write `{command} --help` to see what there is."
    if (option := getattr(error, "option_name", None)) is not None and "such option" in said:
        near = sorted(getattr(error, "possibilities", None) or ())
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"`{command}` must be given options that it has. Got {option!r}.{hint} {advice}"
    parameter = getattr(error, "param", None)
    if parameter is None and option is not None and "requires an argument" in said:
        return f"`{command} {option}` must be given a value. Got none. {advice}"
    if parameter is None:
        if "extra argument" in said:
            said = f"{said} A value with spaces in it stands in quotation marks."
        return (
            f"`{command}` must be typed as its help shows. Got what does not fit: {said} {advice}"
        )
    name = max(parameter.opts, key=len) if parameter.opts[0].startswith("-") else ""
    name = name or str(parameter.name).upper()
    if type(error).__name__ == "MissingParameter":
        return f"`{command} {name}` must be given a value. Got none. {advice}"
    said = str(getattr(error, "message", said)).strip().rstrip(".").removeprefix("Value error, ")
    for pattern, must in _KINDS:
        if found := re.fullmatch(pattern, said):
            return f"`{command} {name}` must {found.expand(must)}. Got {_typed(name)}. {advice}"
    return f"`{command} {name}` must have a value of its kind. Got {_typed(name)}. {said}. {advice}"


def _typed(name: str) -> str:
    """The value behind an option, as it was typed."""
    for position, word in enumerate(sys.argv):
        option, equals, value = word.partition("=")
        if option == name:
            return repr(value if equals else " ".join(sys.argv[position + 1 : position + 2]))
    return "another"
