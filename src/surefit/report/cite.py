"""What to cite: the theorems that were used, and the software."""

from __future__ import annotations

from surefit.core.record import RunRecord, TheoremRecord
from surefit.report.markup import Html, element, section
from surefit.report.reproduce import code_block
from surefit.report.theorem_details import safe_link

__all__ = ["cite"]


def _version(record: RunRecord) -> str | None:
    """The version of surefit in the environment, whether it stands there plainly or nested."""
    places = [record.environment, record.environment.get("versions")]
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("surefit"), str):
            return place["surefit"]
    return None


def _software(record: RunRecord) -> str:
    version = _version(record)
    lines = [
        "@software{surefit,",
        "  title = {surefit: convergence of over-parameterised networks, predicted and certified},",
        "  author = {{The surefit developers}},",
        *([f"  version = {{{version}}},"] if version else []),
        "}",
    ]
    return "\n".join(lines)


def _behind_certificate(item: TheoremRecord, record: RunRecord) -> bool:
    """Whether a certificate that holds names this theorem as its ground."""
    return any(c.holds and item.title in c.theorem for c in record.certificates)


def _used(record: RunRecord) -> list[TheoremRecord]:
    return [
        item
        for item in record.theorems
        if item.prediction.applies or _behind_certificate(item, record)
    ]


def cite(record: RunRecord) -> Html:
    """The section with BibTeX entries."""
    used = _used(record)
    entries = list(dict.fromkeys(item.citation.strip() for item in used if item.citation))
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
        code_block("\n\n".join([*entries, _software(record)]), "BibTeX entries"),
    )
