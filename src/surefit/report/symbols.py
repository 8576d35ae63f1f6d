"""Formulas that were written for a terminal, set as on paper."""

from __future__ import annotations

import html
import re

from surefit.report.markup import Html

__all__ = ["symbols"]

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "phi": "φ",
    "rho": "ρ",
    "sigma": "σ",
    "theta": "θ",
    "chi": "χ",
    "omega": "ω",
    "Lambda": "Λ",
}

REPLACEMENTS = (
    (re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(GREEK)})(?![A-Za-z0-9])"), lambda m: GREEK[m[1]]),
    # A name made of words: `width_constant`.
    (re.compile(r"(?<![\w-])[a-z]{2,}(?:_[a-z]+)+(?!\w)"), lambda m: m[0].replace("_", " ")),
    # A lone letter with a subscript: `λ_min`, `r_0`.
    (re.compile(r"(?<!\w)([^\W\d_])_(\w+)"), r"\1<sub>\2</sub>"),
    (re.compile(r"(?<=[\w)|‖>])\^(-?\d+)"), r"<sup>\1</sup>"),
    (re.compile(r"(?<=[\w)|‖>])\^\((-?\d+/\d+)\)"), r"<sup>\1</sup>"),
    (re.compile(r"\|\|"), "‖"),
    (re.compile(r"\+-"), "±"),
    (re.compile(r"\bsqrt\("), "√("),
    (re.compile(r"&lt;=|&gt;="), lambda m: {"&lt;=": "≤", "&gt;=": "≥"}[m[0]]),
)


def symbols(text: str) -> Html:
    """Plain text as HTML with Greek letters, subscripts, powers and norms set as such.

    `sigma_min(J)^2` becomes σ<sub>min</sub>(J)<sup>2</sup>, and `width_constant` width constant.
    What stands between backticks is code and stays as it is.
    """
    prose = True
    parts = []
    for part in html.escape(text).split("`"):
        parts.append(_set(part) if prose else f"<code>{part}</code>")
        prose = not prose
    return Html("".join(parts))


def _set(text: str) -> str:
    for pattern, replacement in REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text
