"""What the page does not claim."""

from __future__ import annotations

from collections.abc import Iterator

from surefit.core.check import Check, Evidence
from surefit.core.record import RunRecord
from surefit.report.markup import Html, element, section

__all__ = ["limits"]


def _checks(record: RunRecord) -> Iterator[Check]:
    yield from record.data_checks
    for certificate in record.certificates:
        yield from certificate.checks
    for item in record.theorems:
        yield from item.prediction.assumptions
        yield from item.outcome


def _claims(record: RunRecord) -> Iterator[tuple[str, str]]:
    checks = list(_checks(record))
    levels = {check.evidence for check in checks}
    yield (
        "New data.",
        "Everything here is about fitting the training samples. Zero training loss says nothing "
        "about samples that were not shown, unless a theorem in the table says so itself.",
    )
    if any(item.prediction.applies is False for item in record.theorems):
        yield (
            "Impossibility.",
            "The assumptions are sufficient, not necessary. Where one fails, the theorem is "
            "silent: training may succeed all the same, and often does.",
        )
    if record.theorems:
        yield (
            "Between the records.",
            "Promises are compared with what was measured, at the steps at which it was measured.",
        )
    if any(item.prediction.unstated for item in record.theorems):
        yield (
            "Sizes that rest on unstated constants.",
            "A number marked “unstated” uses a constant that its source does not give. It shows "
            "how the bound scales, not how large it is.",
        )
    if Evidence.FLOAT in levels:
        yield (
            "Freedom from rounding.",
            "Checks with evidence “float” were computed in 64-bit floating point, with estimated "
            "errors. They are not proofs.",
        )
    if Evidence.SAMPLED in levels:
        yield (
            "All points.",
            "Checks with evidence “sampled” looked at some points of a region, not at all of them.",
        )
    if Evidence.ASSUMED in levels:
        yield (
            "What was assumed.",
            "Checks with evidence “assumed” were not checked at all; they are conditions that the "
            "reader has to vouch for.",
        )
    if record.certificates:
        yield (
            "Beyond the statements.",
            "A certificate says what its statement says and no more; its limits stand below it.",
        )


def limits(record: RunRecord) -> Html:
    """The section that says what is not claimed."""
    return section(
        "limits",
        "What is not claimed",
        element(
            "ul",
            [element("li", element("strong", title), " ", text) for title, text in _claims(record)],
            class_="claims",
        ),
    )
