"""HTML as nested function calls; whatever is not already HTML is escaped when it is placed."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

__all__ = ["Html", "element", "heading", "join", "section", "table"]

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(str):
    """Text that is already HTML. Plain strings are escaped, `Html` is not."""

    __slots__ = ()


def join(*children: Any) -> Html:
    """The children as HTML: strings escaped, None dropped, iterables flattened."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(html.escape(child))
        elif isinstance(child, Iterable):
            parts.append(join(*child))
        else:
            parts.append(html.escape(str(child)))
    return Html("".join(parts))


def element(tag: str, *children: Any, **attributes: Any) -> Html:
    """One element.

    Args:
        tag: the element's name.
        children: see `join`.
        attributes: `class_` stands for `class`, underscores for hyphens; True writes the bare
            attribute; None and False leave it out.
    """
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        written.append(f" {name}" if value is True else f' {name}="{html.escape(str(value))}"')
    opening = f"<{tag}{''.join(written)}>"
    return Html(opening if tag in VOID else f"{opening}{join(*children)}</{tag}>")


def heading(level: int, *children: Any, **attributes: Any) -> Html:
    """A heading of the given level."""
    return element(f"h{level}", *children, **attributes)


def section(ident: str, title: str, *children: Any) -> Html:
    """A titled section that can be linked to as `#ident`."""
    return element(
        "section",
        heading(2, title, id=f"{ident}-title"),
        *children,
        id=ident,
        aria_labelledby=f"{ident}-title",
    )


def table(caption: str, columns: Iterable[Any], rows: Iterable[Any], **attributes: Any) -> Html:
    """A table with a caption in a box of its own that scrolls sideways when it must.

    Args:
        caption: what the table shows; also names the scrolling box.
        columns: the column headings.
        rows: for each row its cells; the first cell heads the row.
        attributes: attributes of the table element.
    """
    head = element("tr", [element("th", column, scope="col") for column in columns])
    body = [
        element(
            "tr",
            element("th", first, scope="row"),
            [element("td", cell) for cell in rest],
        )
        for first, *rest in rows
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", element("span", caption)),
            element("thead", head),
            element("tbody", body),
            **attributes,
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
    )
