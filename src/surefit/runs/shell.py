"""The shell command that makes a run again, from the values of its options."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

__all__ = ["shell_command"]


def shell_command(begin: str, options: Mapping[str, Any]) -> str:
    """A command with options, as `surefit certify --width 64 --seeds 0 1 --no-polish`.

    Args:
        begin: the words before the options.
        options: the names of fields, with values that are written as such: tuples as several
            words, True and False as a flag and its negation.
    """
    words = [begin]
    for name, value in options.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            values = value if isinstance(value, tuple) else (value,)
            words.append(" ".join([f"--{flag}", *(shlex.quote(str(item)) for item in values)]))
    return " ".join(words)
