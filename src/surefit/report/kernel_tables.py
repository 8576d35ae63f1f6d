"""The tables of a kernel run: spectra, training times, classes, calibration, comparison."""

from __future__ import annotations

import math
from typing import Any

from surefit.core.kernel_record import KernelOutcome, KernelRecord
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import figure, number, value
from surefit.report.symbols import symbols

__all__ = [
    "calibration",
    "class_table",
    "comparison",
    "spectrum_table",
    "status_notes",
    "tiles",
    "times_table",
]

TITLES = {"ntk": "NTK (all layers trained)", "nngp": "NNGP (last layer trained)"}
_CALIBRATION = {
    "noise": "variance of the noise of targets",
    "amplitude": "factor of the kernel",
    "log_marginal_likelihood": "log marginal likelihood of the training targets",
    "test_log_likelihood": "log-likelihood of test targets, per sample and output",
    "baseline_log_likelihood": "the same of a Gaussian that ignores the inputs",
    "test_rmse": "root mean square error on test targets",
    "mean_std": "mean predicted standard deviation",
}
_COMPARISON = {
    "steps": "steps of gradient descent",
    "step_size": "step size",
    "loss_deviation": "largest difference of the losses, over the loss at the start",
    "train_deviation": "distance of the outputs on training samples, over that at the start",
    "test_deviation": "the same on test samples",
    "test_accuracy": "test accuracy of the trained network",
    "predicted_test_accuracy": "predicted test accuracy at that step",
}


def _percent(share: float) -> Html:
    return figure(share, f"{number(100 * share)} %")


def tiles(record: KernelRecord) -> Html:
    """The numbers that one asks for first."""
    facts = record.facts
    shown: list[tuple[str, Any]] = [
        (label, figure(facts[key]))
        for key, label in (
            ("training_samples", "training samples n"),
            ("test_samples", "test samples"),
        )
        if facts.get(key)
    ]
    for kernel in record.kernels:
        name = kernel.name.upper()
        if "test_accuracy" in kernel.scores:
            shown.append((f"test accuracy, {name}", _percent(kernel.scores["test_accuracy"])))
        elif "test_rmse" in kernel.scores:
            shown.append((f"test RMSE, {name}", figure(kernel.scores["test_rmse"])))
    first = record.kernels[0]
    shown.append((f"smallest eigenvalue, {first.name.upper()}", figure(first.smallest)))
    shown.append((f"condition number, {first.name.upper()}", figure(first.condition)))
    cells = [element("div", element("dt", label), element("dd", what)) for label, what in shown]
    return element("dl", cells, class_="tiles")


def spectrum_table(kernels: tuple[KernelOutcome, ...]) -> Html:
    """Extreme eigenvalues and what follows from them, one column per kernel."""
    rows: list[tuple[str, list[Any]]] = [
        ("smallest eigenvalue", [figure(k.smallest) for k in kernels]),
        ("largest eigenvalue", [figure(k.largest) for k in kernels]),
        ("error of each eigenvalue, at most", [figure(k.error) for k in kernels]),
        ("condition number", [figure(k.condition) for k in kernels]),
        ("effective dimension (at their mean)", [figure(k.effective_dimension) for k in kernels]),
        ("rank", [figure(k.rank) for k in kernels]),
        ("targets that are never learnt", [_percent(k.unlearnable) for k in kernels]),
        ("safe step size", [figure(k.step_size) for k in kernels]),
    ]  # fmt: skip
    names = {
        "train_accuracy": "training accuracy in the end",
        "test_accuracy": "test accuracy in the end",
        "train_rmse": "training RMSE in the end",
        "test_rmse": "test RMSE in the end",
    }
    for key, label in names.items():
        if key in kernels[0].scores:
            shown = _percent if key.endswith("accuracy") else figure
            rows.append((label, [shown(k.scores[key]) for k in kernels]))
    heads = ["what", *(TITLES.get(k.name, k.name) for k in kernels)]
    return table("Kernels on the training samples", heads, [[name, *c] for name, c in rows])


def times_table(kernels: tuple[KernelOutcome, ...]) -> Html:
    """Steps and times to shares of the loss at the start."""
    heads: list[Any] = ["loss, of that at the start"]
    for kernel in kernels:
        heads += [f"steps, {kernel.name.upper()}", f"time of the flow, {kernel.name.upper()}"]
    rows = []
    for index, (share, _, _) in enumerate(kernels[0].goals):
        cells: list[Any] = [figure(share)]
        for kernel in kernels:
            _, steps, time = kernel.goals[index]
            cells += [_when(steps), _when(time)]
        rows.append(cells)
    return table("Gradient descent with the safe step size, and gradient flow", heads, rows)


def _when(value: float | int | None) -> Html | str:
    return "never" if value is None or value == math.inf else figure(value)


def class_table(record: KernelRecord) -> Html | None:
    """Accuracies of every class; None for a regression."""
    if not record.class_rows:
        return None
    rows = [
        [cell if isinstance(cell, str) else _cell(head, cell) for head, cell in pairs]
        for pairs in (
            list(zip(record.class_columns, row, strict=True)) for row in record.class_rows
        )
    ]
    return section(
        "classes",
        "Every class",
        element("p", "The last column names the most frequent mistake of the first kernel."),
        table("Accuracy of every class", record.class_columns, rows),
    )


def _cell(head: str, cell: float | int) -> Html:
    return _percent(float(cell)) if head.startswith("accuracy") else figure(cell)


def calibration(record: KernelRecord) -> Html | None:
    """How well the uncertainty of the Gaussian process agrees with its errors."""
    found = record.calibration
    if not found:
        return None
    rows = [[label, value(found[key])] for key, label in _CALIBRATION.items() if key in found]
    levels = sorted(key for key in found if key.startswith("coverage_"))
    rows += [
        [f"test targets inside their {100 * float(key[9:]):g} % intervals", _percent(found[key])]
        for key in levels
    ]
    return section(
        "calibration",
        "Is it as sure as it should be?",
        element(
            "p",
            "The Gaussian process of the outputs at the start, given the training targets, "
            "predicts a mean and a variance for every test sample. A calibrated one has as many "
            "targets inside an interval as the interval promises, and a log-likelihood above that "
            "of a Gaussian which ignores the inputs.",
        ),
        table("The posterior on test samples", ["what", "value"], rows, class_="facts"),
    )


def comparison(record: KernelRecord) -> Html | None:
    """How far prediction and trained network are apart."""
    found = record.comparison
    if not found:
        return None
    rows = [
        [label, _percent(found[key]) if key.endswith("accuracy") else value(found[key])]
        for key, label in _COMPARISON.items()
        if key in found
    ]
    width = record.spec.get("compare_width")
    return section(
        "comparison",
        f"Against a network of width {width}",
        element(
            "p",
            "The network, minus its outputs at the start, was trained by gradient descent; the "
            "prediction uses the kernel of infinite width. Deviations fall as networks become "
            "wider.",
        ),
        element("p", record.comparison_note, class_="alert") if record.comparison_note else None,
        table("Prediction and measurement", ["what", "value"], rows, class_="facts"),
    )


def status_notes(kernels: tuple[KernelOutcome, ...]) -> list[Html]:
    """A remark for every kernel that is not positive definite."""
    return [
        element("p", symbols(kernel.message), class_="alert")
        for kernel in kernels
        if kernel.status != "positive_definite"
    ]
