"""What the stand-alone checker said: the sentence, the chain of inequalities, a picture."""

from __future__ import annotations

from collections.abc import Mapping

from surefit.core.proof import Proof, ProofStep
from surefit.core.record import RunRecord
from surefit.report.gallery import plot_card
from surefit.report.marks import mark
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import duration, figure, pair
from surefit.report.plot import Plot
from surefit.report.symbols import symbols

__all__ = ["proof"]

RELATIONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "="}
VERDICTS = {"proved": True, "refused": False, "invalid": False}


def _row(step: ProofStep) -> list[Html | str]:
    left, right = pair(step.value, step.bound)
    return [
        symbols(step.name),
        figure(step.value, left),
        RELATIONS.get(step.relation, step.relation),
        figure(step.bound, right),
    ]


def _missing(answer: Proof) -> Html | None:
    if answer.proved:
        return None
    return element("p", element("strong", "Not proved. "), symbols(answer.reason), class_="alert")


def proof(record: RunRecord, plots: Mapping[str, Plot]) -> Html:
    """The section about the checker's answers; empty where nothing was asked.

    Args:
        record: the run.
        plots: of `proof_plots`.
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
        [_answer(answer, plots.get(answer.folder)) for answer in record.proofs],
    )


def _answer(answer: Proof, plot: Plot | None) -> Html:
    words = ("proved", answer.verdict, "cannot decide")
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
            " beside this page. Anyone can check it there: ",
            element("code", f"surefit verify {answer.folder}"),
            ", or with the checker alone: ",
            element("code", f"surefit-checker {answer.folder}"),
            ".",
        )
        if answer.folder
        else element("p", "It is not kept: its folder holds another one."),
    )
