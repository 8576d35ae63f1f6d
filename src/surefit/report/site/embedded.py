"""Data inside of pages and scripts, in a form that no text of a run can break out of."""

from __future__ import annotations

import json
from typing import Any

from surefit.core.jsonable import jsonable
from surefit.report.markup import Html

__all__ = ["data_block", "data_text", "receiving"]


def data_text(value: Any) -> str:
    """JSON in ASCII without the characters that mean something to HTML."""
    text = json.dumps(
        jsonable(value), allow_nan=False, separators=(",", ":"), ensure_ascii=True, sort_keys=False
    )
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def data_block(ident: str, value: Any) -> Html:
    """A block of data in a page; it is never executed."""
    return Html(f'<script type="application/json" id="{ident}">{data_text(value)}</script>')


def receiving(name: str, value: Any) -> str:
    """A script that hands data to the page that asked for them.

    A page opened from the disk can load scripts from its folder, and no other files.
    """
    return f"surefitSite.receive({data_text(name)},{data_text(value)});\n"
