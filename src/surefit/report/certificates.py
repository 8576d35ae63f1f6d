"""The certificates: what is claimed, in words and numbers, on what evidence, and its limits."""

# ruff: noqa: RUF001 (mathematical signs are meant as they stand)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from surefit.core.certificate import Certificate
from surefit.core.check import Evidence
from surefit.report.checks import check_table
from surefit.report.marks import KEYS, MEANING, mark
from surefit.report.markup import Html, element, heading, section, symbols
from surefit.report.numbers import factor, figure, number
from surefit.report.order import ordered
from surefit.report.timelines import slug

__all__ = ["certificates"]

# name of a quantity -> symbol, meaning
QUANTITIES = {
    "sigma_min": ("σ_min(J)", "smallest singular value of the Jacobian"),
    "sigma_max": ("‖J‖", "largest singular value of the Jacobian"),
    "lipschitz": ("Λ", "Lipschitz constant of the Jacobian near the weights"),
    "residual": ("‖r‖", "norm of the residual at the saved weights"),
    "radius": ("ρ", "no later iterate is farther away than this"),
    "rate": ("rate", "factor per step of the residual"),
    "step_size": ("η", "step size that the statement is about"),
    "largest_step": ("η max", "largest step size that the statement allows"),
    "steps_per_decade": ("steps per decade", "steps that make the residual ten times smaller"),
    "condition": ("C", "the condition holds where this is below 1"),
}


def _quantity(name: str, size: float) -> Html:
    symbol, meaning = QUANTITIES.get(name, (name.replace("_", " "), ""))
    text = factor(size) if "rate" in name or "factor" in name else number(size)
    return element(
        "div",
        element("dt", symbols(symbol), element("small", meaning) if meaning else None),
        element("dd", figure(size, text)),
    )


def _ladder(weakest: Evidence | None) -> Html:
    """The levels of evidence, the one that a certificate stands on marked."""
    rungs = []
    for level in Evidence:
        here = level is weakest
        rungs.append(
            element(
                "li",
                element("strong", str(level)),
                element("span", "this certificate", class_="here") if here else None,
                element("span", MEANING[level], class_="quiet"),
                class_="rung here" if here else "rung",
                aria_current="true" if here else None,
            )
        )
    title: tuple[Any, ...] = ("Levels of evidence on this page",)
    if weakest is not None:
        title = ("Evidence: ", element("strong", str(weakest)), f" ({MEANING[weakest]})")
    return element(
        "details",
        element("summary", *title),
        element(
            "p",
            "A chain is as strong as its weakest link: of several checks, the weakest evidence "
            "counts. From strongest to weakest:",
        ),
        element("ol", rungs, class_="ladder"),
    )


def _certificate(certificate: Certificate) -> Html:
    ident = f"certificate-{slug(certificate.name)}"
    words = ("holds", "does not hold", "cannot be decided")
    return element(
        "article",
        element(
            "header",
            heading(3, "Certificate ", element("code", certificate.name), id=ident),
            mark(certificate.holds, words),
        ),
        None
        if certificate.holds
        else element("p", "This is not established. If every check held, it would say:"),
        element("blockquote", certificate.statement),
        element("p", "By ", element("cite", certificate.theorem), "."),
        element(
            "dl",
            [_quantity(name, size) for name, size in ordered(certificate.quantities, QUANTITIES)],
            class_="quantities",
        )
        if certificate.quantities
        else None,
        check_table(f"Checks behind the certificate “{certificate.name}”", certificate.checks)
        if certificate.checks
        else element("p", "No check stands behind it, so it decides nothing.", class_="alert"),
        _ladder(certificate.evidence) if certificate.checks else None,
        element("p", element("strong", "Limits. "), certificate.note, class_="limits")
        if certificate.note
        else None,
        class_=f"card certificate {KEYS[certificate.holds]}",
        aria_labelledby=ident,
    )


def certificates(items: Sequence[Certificate]) -> Html:
    """The section with all certificates of a run."""
    if not items:
        body = element(
            "p",
            "No certificate was issued in this run. That is no statement about the network: it "
            "means only that no certifier was asked, or that none could be used here.",
        )
        return section("certificate", "Certificate", body, _ladder(None))
    return section("certificate", "Certificate", map(_certificate, items))
