"""What the stand-alone checker said: the sentence, the chain of inequalities, the majorant."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from surefit.core.proof import Proof, ProofStep
from surefit.core.record import RunRecord
from surefit.report.gallery import plot_card
from surefit.report.marks import mark
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import duration, figure, pair
from surefit.report.plot import Line, Plot
from surefit.report.symbols import symbols
from surefit.report.timelines import slug

__all__ = ["majorant_plots", "proof"]

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


def majorant_plots(record: RunRecord) -> dict[str, Plot]:
    r"""By folder of the proof: $g(s) = \lVert r\rVert - \sigma s + \tfrac12\Lambda s^2$."""
    found = {answer.folder: _majorant(answer) for answer in record.proofs}
    return {folder: plot for folder, plot in found.items() if plot is not None}


def _majorant(answer: Proof) -> Plot | None:
    """The majorant up to its minimum; None where the checker gave no such numbers."""
    numbers = answer.numbers if answer.proved else {}
    names = ("residual_norm", "sigma_min", "lipschitz", "path_length")
    # With errors in the steps the residual stops at a floor.
    if "floor" in numbers or not all(math.isfinite(numbers.get(name, math.nan)) for name in names):
        return None
    r, sigma, curvature, path = (numbers[name] for name in names)
    bottom = sigma / curvature if curvature > 0.0 else math.inf
    s = np.linspace(0.0, min(bottom, 4.0 * path) if path > 0.0 else 1.0, POINTS)
    straight = np.where(r - sigma * s >= 0.0, r - sigma * s, np.nan)
    majorant = Line("majorant g(s)", s, r - sigma * s + 0.5 * curvature * s**2, width=3.5)
    return Plot(
        ident=f"majorant-{slug(answer.folder)}",
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


def proof(record: RunRecord, plots: Mapping[str, Plot]) -> Html:
    """The section about the checker's answers; empty where nothing was asked.

    Args:
        record: the run.
        plots: of `majorant_plots`.
    """
    if not record.proofs:
        return Html("")
    return section(
        "proof",
        "Proof" if len(record.proofs) == 1 else "Proofs",
        element(
            "p",
            "A small program that shares no code with the one that issued the certificate computed "
            "everything again from the weights and the data, rounding every number to the "
            "unfavourable side.",
        ),
        [_answer(record, answer, plots.get(answer.folder)) for answer in record.proofs],
    )


def _answer(record: RunRecord, answer: Proof, plot: Plot | None) -> Html:
    words = ("proved", answer.verdict, "cannot decide")
    folder = f"{record.run_id}/{answer.folder}"
    return element(
        "div",
        element(
            "p",
            "Its answer about the certificate ",
            element("code", answer.certificate),
            f", after {duration(answer.seconds)}: ",
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
            element("code", answer.folder),
            " beside this page. Anyone can check it: ",
            element("code", f"surefit verify {folder}"),
            ", or with the checker alone: ",
            element("code", f"surefit-checker {folder}"),
            ".",
        )
        if answer.folder
        else element("p", "It is not kept: its folder holds another one."),
    )
