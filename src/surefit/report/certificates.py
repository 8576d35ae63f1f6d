"""The certificates: what is claimed, in words and numbers, on what evidence, and its limits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from surefit.core.certificate import Certificate
from surefit.core.check import Evidence
from surefit.report.checks import check_table
from surefit.report.marks import KEYS, MEANING, mark
from surefit.report.markup import Html, element, heading, section
from surefit.report.numbers import factor, figure, number
from surefit.report.order import ordered
from surefit.report.symbols import symbols
from surefit.report.timelines import slug

__all__ = ["certificates"]

# name of a quantity -> symbol, meaning; in the order in which they are shown
QUANTITIES = {
    "condition": ("C", "the main condition holds where this is below 1"),
    "rate": ("rate", "factor per step of the residual norm"),
    "exponent": ("a", "the residual norm falls like exp(-a t)"),
    "steps_per_decade": ("steps per decade", "steps that make the residual norm ten times smaller"),
    "failure_probability": ("P", "probability that the run does not converge, at most"),
    "contraction": ("a", "squared distances to a solution shrink by 1 - a per step in the mean"),
    "batch_size": ("b", "samples per step"),
    "floor": ("floor", "residual norm down to which errors of the steps let it fall"),
    "steps": ("n", "steps that the statement covers"),
    "steps_to_floor": ("steps to the floor", "after which the rest is no larger than the floor"),
    "error": ("ε", "error of a step, in the norm of all weights, at most"),
    "modulus": ("κ", "factor by which the equilibrium comes nearer per application of the layer"),
    "ball_radius": ("ρ", "radius of the ball of weights"),
    "largest_radius": ("ρ_max", "radius at which the bound of the contraction is lost"),
    "error_cost": ("per step", "of the room of the residual that the error of a step takes"),
    "error_room": ("room", "how much errors may add to the residual norm in all"),
    "radius": ("ρ", "the whole path from the saved weights is no longer"),
    "step_size": ("η", "step size that the statement is about"),
    "largest_step": ("η_max", "largest step size that it allows"),
    "residual": ("‖r‖", "residual norm at the saved weights"),
    "fire_residual": ("‖r‖*", "residual norm below which the main condition holds"),
    "sigma_min": ("σ_min(J)", "smallest singular value of the Jacobian"),
    "sigma_max": ("σ_max(J)", "largest singular value of the Jacobian"),
    "lipschitz": ("Λ", "Lipschitz constant of the Jacobian near the weights"),
    "curvature_found": ("Λ found", "the largest curvature that a search at the weights found"),
    "looseness": ("Λ / found", "how many times Λ may be too large"),
    "degree": ("D", "degree in which the outputs grow with the weights"),
    "loss_scale": ("c", "factor of the sum of the losses"),
    "loss_sum": ("Σ", "sum of the losses at the saved weights"),
    "smallest_margin": ("γ", "smallest margin of a sample"),
    "kappa": ("κ", "n/b times the largest squared norm of the Jacobian of a batch"),
    "expected_path": ("path", "bound of its expected length"),
    "loss": ("loss", "at the saved weights"),
    "parameters": ("p", "trained parameters"),
    "residuals": ("N", "equations: samples times outputs"),
}


# Shown on request.
MINOR = frozenset(
    {
        "largest_step",
        "residual",
        "fire_residual",
        "sigma_max",
        "lipschitz",
        "loss",
        "parameters",
        "residuals",
        "curvature_found",
        "degree",
        "loss_scale",
        "kappa",
        "expected_path",
        "largest_radius",
        "error_cost",
        "error_room",
    }
)


def _quantity(name: str, size: float) -> Html:
    symbol, meaning = QUANTITIES.get(name, (name, ""))
    text = factor(size) if "rate" in name or "factor" in name else number(size)
    return element(
        "div",
        element("dt", symbols(symbol), element("small", meaning) if meaning else None),
        element("dd", figure(size, text)),
    )


def _list(items: list[tuple[str, float]]) -> Html | None:
    cells = [_quantity(name, size) for name, size in items]
    return element("dl", cells, class_="quantities") if cells else None


def _more(items: list[tuple[str, float]]) -> Html | None:
    if not items:
        return None
    return element("details", element("summary", f"{len(items)} more numbers"), _list(items))


def _quantities(certificate: Certificate) -> Html | None:
    """The numbers of the statement; those that do not apply are NaN, and left out."""
    known = {key: size for key, size in certificate.quantities.items() if not math.isnan(size)}
    if not known:
        return None
    main = [item for item in ordered(known, QUANTITIES) if item[0] not in MINOR]
    minor = [item for item in ordered(known, QUANTITIES) if item[0] in MINOR]
    return element("div", _list(main), _more(minor))


def _certificate(certificate: Certificate) -> Html:
    ident = f"certificate-{slug(certificate.name)}"
    words = ("holds", "does not hold", "cannot be decided")
    evidence = certificate.evidence
    return element(
        "article",
        element(
            "header",
            heading(3, "Certificate ", element("code", certificate.name), id=ident),
            mark(certificate.holds, words),
        ),
        None
        if certificate.holds
        else element("p", "What follows is not established, since not every check holds."),
        element("blockquote", certificate.statement),
        element("p", "By ", element("cite", certificate.theorem), "."),
        _quantities(certificate),
        check_table(f"Checks behind the certificate “{certificate.name}”", certificate.checks)
        if certificate.checks
        else element("p", "No check stands behind it, so it decides nothing.", class_="alert"),
        element("p", element("strong", f"Evidence: {evidence}"), f", that is, {MEANING[evidence]}.")
        if certificate.checks
        else None,
        element("p", element("strong", "Limits. "), symbols(certificate.note))
        if certificate.note
        else None,
        class_=f"card certificate {KEYS[certificate.holds]}",
        aria_labelledby=ident,
    )


def _ladder() -> Html:
    """The levels of evidence, from strongest to weakest."""
    return element(
        "details",
        element("summary", "What the words for evidence on this page mean"),
        element(
            "p",
            "A chain is as strong as its weakest link: of several checks, the weakest evidence "
            "counts. From strongest to weakest:",
        ),
        element(
            "ol",
            [
                element("li", element("strong", str(level)), element("span", MEANING[level]))
                for level in Evidence
            ],
            class_="ladder",
        ),
    )


def certificates(items: Sequence[Certificate]) -> Html:
    """The section with all certificates of a run, those that hold first."""
    if not items:
        body = element(
            "p",
            "No certificate was issued in this run. That is no statement about the network: it "
            "means only that no certifier was asked, or that none could be used here.",
        )
        return section("certificate", "Certificate", body, _ladder())
    firm = [_certificate(item) for item in items if item.holds]
    others = [_certificate(item) for item in items if not item.holds]
    if firm and others:
        count = f"{len(others)} more {'was' if len(others) == 1 else 'were'} tried and"
        verb = "does" if len(others) == 1 else "do"
        summary = element("summary", f"{count} {verb} not hold, or cannot be decided")
        others = [element("details", summary, others)]
    title = "Certificate" if len(items) == 1 else "Certificates"
    return section("certificate", title, firm, others, _ladder())
