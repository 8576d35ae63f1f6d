"""Errors of the library in the words of the command line: options instead of fields of specs."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Collection, Sequence
from typing import Any

from surefit.cli.spread import is_option

__all__ = ["in_options", "values_of"]

# Arguments of the library that have another name on the command line.
_RENAMED = {
    "`Store(root=...)`": "`{command} --out`",
    "`CertifySpec.from_file(path=...)`": "`{command} --spec`",
    "begin with the file that `CertifySpec().to_toml()` writes": (
        "begin with what `{command} --show-spec` prints"
    ),
}
_ARGUMENT = re.compile(r"`([\w.]+)\((\w+)=\.\.\.\)`")
_ASSIGNED = re.compile(r"`(\w+) = ([^`]+)`")
_FIELD = re.compile(r"`(\w+)`")
_SAID = re.compile(r"\b(\w+) = (?=\S)")
_LEFT_OUT = re.compile(r"\b(Leave|leave) (\w+) out")
_GOT = re.compile(
    r"Got (\[[^\]]*\]|'[^']*'|[^\s\[\]']+)(?: \((?:str|list|tuple|int|float|bool)\))?\."
)


def in_options(
    message: str, command: str, options: Collection[str], words: Sequence[str], cause: Any = None
) -> str:
    """The message, with the fields and values in it written as they are typed.

    Where a file with the fields was given, only those that were typed as well are options; the
    others stand in the file, in the words of the message.

    Args:
        message: of an error of the library.
        command: what was called, `surefit certify`.
        options: all options of the command, `--step-size`.
        words: what was typed behind the command.
        cause: the error; the option whose value is its `name`, which was looked up, is named.
    """
    values = values_of(words)
    from_file = "--spec" in values or any(word.endswith(".toml") for word in words)

    def flag(name: str, spec: bool = True) -> str | None:
        found = "--" + name.replace("_", "-")
        meant = found in values or (spec and not from_file)
        return found if found in options and meant else None

    def argument(match: re.Match[str]) -> str:
        found = flag(match[2], spec=match[1].endswith("Spec"))
        return match[0] if found is None else f"`{command} {found}`"

    def assigned(match: re.Match[str]) -> str:
        found = flag(match[1])
        return match[0] if found is None else f"`{_typed(found, match[2])}`"

    def bare(match: re.Match[str]) -> str:
        found = flag(match[1])
        return match[0] if found is None else f"`{found}`"

    for old, new in _RENAMED.items():
        message = message.replace(old, new.format(command=command))
    message = _ARGUMENT.sub(argument, message)
    message = _ASSIGNED.sub(assigned, message)
    message = _FIELD.sub(bare, message)
    message = _SAID.sub(lambda m: f"{found} " if (found := flag(m[1])) else m[0], message)
    message = _LEFT_OUT.sub(
        lambda m: f"{m[1]} {found} out" if (found := flag(m[2])) else m[0], message
    )
    message = _GOT.sub(lambda m: f"Got {_plain(m[1])}.", message)
    asked = [option for option, given in values.items() if _named(cause) in given]
    if len(asked) == 1 and not message.startswith("`"):
        return f"`{command} {asked[0]}`: {message}"
    return message


def values_of(words: Sequence[str]) -> dict[str, list[str]]:
    """What was typed behind each option.

    >>> values_of(["my.csv", "--classes", "0", "1", "--step-size=-1"])
    {'--classes': ['0', '1'], '--step-size': ['-1']}
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for word in words:
        if is_option(word):
            name, equals, value = word.partition("=")
            current = found.setdefault(name, [])
            current.extend([value] if equals else [])
        else:
            current.append(word)
    return found


def _named(cause: Any) -> str:
    name = getattr(cause, "name", None)
    return name if isinstance(name, str) else "\0"  # which nobody can type


def _typed(flag: str, value: str) -> str:
    """An assignment of a TOML file as an option."""
    try:
        meant = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return f"{flag} {value}"
    if isinstance(meant, bool):
        return flag if meant else f"--no-{flag[2:]}"
    items = meant if isinstance(meant, list) else [meant]
    return " ".join([flag, *(shlex.quote(str(item)) for item in items)])


def _plain(value: str) -> str:
    """A value without the marks of a list, as it was typed."""
    try:
        meant = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    if isinstance(meant, str):
        return repr(meant)
    return " ".join(map(str, meant)) if isinstance(meant, list | tuple) and meant else str(meant)
