"""Facts of the data and the network, and the checks of the data."""

from __future__ import annotations

from surefit.core.record import RunRecord
from surefit.report.checks import check_table
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import value
from surefit.report.order import ordered

__all__ = ["problem"]

FACTS = {
    "samples": "samples n",
    "inputs": "inputs per sample d",
    "outputs": "outputs per sample k",
    "width": "width m",
    "depth": "depth L",
    "parameters": "trained parameters p",
    "delta": "separation δ: smallest distance between two samples",
    "classes": "classes",
    "network": "network",
    "activation": "activation",
    "loss": "loss",
}


def problem(record: RunRecord) -> Html:
    """The section about data and network."""
    rows = [
        [FACTS.get(key, key.replace("_", " ")), value(item)]
        for key, item in ordered(record.problem, FACTS)
    ]
    facts = (
        table("Facts of the problem", ["fact", "value"], rows, class_="facts")
        if rows
        else element("p", "No facts of the problem were recorded.", class_="note")
    )
    checks = (
        check_table("Checks of the data", record.data_checks)
        if record.data_checks
        else element("p", "The data were not checked.", class_="note")
    )
    return section("data", "Data and network", element("div", facts, checks, class_="stack"))
