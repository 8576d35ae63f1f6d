"""What to cite: the theorems that were used, the data, and the software."""

from __future__ import annotations

from surefit.core.record import RunRecord
from surefit.report.citations import entries, methods, used_theorems
from surefit.report.markup import Html, element, section
from surefit.report.reproduce import code_block
from surefit.report.theorem_details import safe_link

__all__ = ["cite"]


def cite(record: RunRecord) -> Html:
    """The section with BibTeX entries."""
    used = used_theorems(record)
    links = [
        element("li", safe_link(item.url, item.title) if item.url else item.title) for item in used
    ]
    intro = (
        "The theorems that apply to this run or stand behind its certificates, and the software:"
        if used
        else "No theorem applies to this run, so there is only the software to cite:"
    )
    return section(
        "cite",
        "What to cite",
        element("p", intro),
        element("ul", links) if links else None,
        code_block("\n\n".join(entries(record)), "BibTeX entries"),
        element("p", "For the methods section:"),
        element("p", methods(record)),
    )
