"""A spec as a TOML text that explains itself."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

__all__ = ["literal", "render"]

HEADER = """\
# What `surefit certify` is to do. Every field is also an option of the command line (with
# `--step-size` for `step_size`). A field left out has the value shown by `surefit certify --help`.
"""


def literal(value: Any) -> str:
    """A string, number, switch or sequence of those, as TOML."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str):
        # JSON strings are TOML strings, but for the delete character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value, allow_nan=False)


def render(fields: Mapping[str, FieldInfo], values: Mapping[str, Any]) -> str:
    """All fields with their descriptions as comments; a field without value as a comment too."""
    parts = [HEADER]
    for name, field in fields.items():
        lines = textwrap.wrap(field.description or "", 92)
        parts.append("\n" + "".join(f"# {line}\n" for line in lines))
        if values[name] is None:
            extra = field.json_schema_extra
            assert isinstance(extra, dict)
            parts.append(f"# {name} = {extra['instead']}\n")
        else:
            parts.append(f"{name} = {literal(values[name])}\n")
    return "".join(parts)
