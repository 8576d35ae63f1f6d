"""Formulas as MathML, which browsers render by themselves: no script, nothing to fetch."""

import html
import re

from latex2mathml.converter import convert

_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\\\[(.*?)\\\]</div>', re.DOTALL)


def on_page_content(content, **_):
    """Replace what the arithmatex extension marks."""
    content = _BLOCK.sub(lambda m: convert(html.unescape(m[1]), display="block"), content)
    return _INLINE.sub(lambda m: convert(html.unescape(m[1])), content)
