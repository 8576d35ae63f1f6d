"""What the stand-alone checker said: the sentence, the chain of inequalities, the majorant."""

from __future__ import annotations

import math

import numpy as np

from surefit.core.proof import Proof, ProofStep
from surefit.core.record import RunRecord
from surefit.report.gallery import plot_card
from surefit.report.marks import mark
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import duration, figure, pair
from surefit.report.plot import Line, Plot
from surefit.report.symbols import symbols

__all__ = ["majorant_plot", "proof"]

RELATIONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "="}
VERDICTS = {"proved": True, "refused": False, "invalid": False}
POINTS = 200


def _row(step: ProofStep) -> list[Html | str]:
    left, right = pair(step.value, step.bound)
    return [
        symbols(step.name),
        figure(step.value, left),
        RELATIONS.get(step.relation, step.relation),
        figure(step.bound, right),
    ]


def majorant_plot(record: RunRecord) -> Plot | None:
    r"""$g(s) = \lVert r\rVert - \sigma s + \tfrac12\Lambda s^2$ of the proof, up to its minimum.

    None where the checker gave no such numbers.
    """
    numbers = record.proof.numbers if record.proof is not None and record.proof.proved else {}
    names = ("residual_norm", "sigma_min", "lipschitz", "path_length")
    if not all(math.isfinite(numbers.get(name, math.nan)) for name in names):
        return None
    r, sigma, curvature, path = (numbers[name] for name in names)
    bottom = sigma / curvature if curvature > 0.0 else math.inf
    s = np.linspace(0.0, min(bottom, 4.0 * path) if path > 0.0 else 1.0, POINTS)
    straight = np.where(r - sigma * s >= 0.0, r - sigma * s, np.nan)
    majorant = Line("majorant g(s)", s, r - sigma * s + 0.5 * curvature * s**2, width=3.5)
    return Plot(
        ident="majorant",
        title="Why the residual must reach zero",
        about=(
            "After a path of length s from the saved weights, the residual norm is at most g(s), "
            "as long as g is positive. The curve crosses zero, so the residual has reached zero "
            "before: that is where every run ends."
        ),
        x_axis="length of the path s",
        y_axis="bound of the residual norm",
        lines=(
            majorant,
            Line("without curvature", s, straight, "var(--line-2)", "dash", promised=True),
            Line(
                "end of the path s*",
                np.array([path]),
                np.array([0.0]),
                "var(--line-3)",
                symbol="diamond",
                promised=True,
            ),
        ),
        over_time=False,
    )


def _missing(answer: Proof) -> Html | None:
    if answer.proved:
        return None
    return element("p", element("strong", "Not proved. "), symbols(answer.reason), class_="alert")


def proof(record: RunRecord, plot: Plot | None) -> Html:
    """The section about the checker's answer; empty where nothing was asked."""
    answer = record.proof
    if answer is None:
        return Html("")
    words = ("proved", answer.verdict, "cannot decide")
    return section(
        "proof",
        "Proof",
        element(
            "p",
            "A small program that shares no code with the one that issued the certificate computed "
            "everything again from the weights and the data, rounding every number to the "
            f"unfavourable side, in {duration(answer.seconds)}. Its answer: ",
            mark(VERDICTS.get(answer.verdict), words),
        ),
        element("blockquote", symbols(answer.statement)) if answer.statement else None,
        _missing(answer),
        table(
            "The chain of inequalities, in the order in which they were verified",
            ["what", "found", element("span", "relation", class_="hidden"), "bound"],
            [_row(step) for step in answer.steps],
            class_="checks",
        )
        if answer.steps
        else None,
        element("div", plot_card(plot, wide=True), class_="grid") if plot is not None else None,
        element(
            "p",
            "The certificate is the folder ",
            element("code", "certificate"),
            " beside this page. Anyone can check it: ",
            element("code", f"surefit verify {record.run_id}/certificate"),
            ", or with the checker alone: ",
            element("code", f"surefit-checker {record.run_id}/certificate"),
            ".",
        ),
    )
