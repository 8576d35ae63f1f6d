"""Facts of the data and the network, and the checks of the data."""

from __future__ import annotations

from surefit.core.record import RunRecord
from surefit.report.checks import check_table
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import value
from surefit.report.order import ordered

__all__ = ["problem"]

FACTS = {
    "preparation": "data and preparation",
    "classes": "samples of each class",
    "label_coding": "labels are coded",
    "samples": "samples n",
    "inputs": "inputs per sample d",
    "outputs": "outputs per sample k",
    "residuals": "equations to solve: n times k",
    "width": "width m",
    "depth": "depth L",
    "parameters": "trained parameters p",
    "method": "training method, chosen by the number of equations",
    "step_size": "step size η",
    "gamma": "size γ of the weights inside the equilibrium",
    "loss_smoothness": "smoothness of the loss in the outputs",
    "delta": "separation δ: smallest distance between two rows",
    "closest_pair": "the closest rows",
    "coherence": "coherence: largest |cos| between two rows",
    "coherent_pair": "the most coherent rows",
    "orthogonality": "coherence times n − 1 (nearly orthogonal where below 1)",
    "min_norm": "smallest norm of a row",
    "max_norm": "largest norm of a row",
    "sigma_max": "largest singular value of the data matrix",
    "left_out": "left out for the size of the problem",
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
    network = (
        check_table("Checks of the network", record.network_checks)
        if record.network_checks
        else None
    )
    return section(
        "data", "Data and network", element("div", facts, checks, network, class_="stack")
    )
