r"""The measured rate beside the eigenvalues that predict it.

Where the tangent kernel hardly moves, the residual of gradient descent falls by the factor
$1 - \eta\lambda$ per step along the eigenvector of $\lambda$: fast at first, and at the end as the
smallest eigenvalue says.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surefit.core.record import RunRecord
from surefit.core.trajectory import Series
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import figure

__all__ = ["decay", "rates"]

EIGENVALUES = {
    "limit_ntk": "smallest eigenvalue of the limit kernel (infinite width)",
    "empirical_ntk_initial": "smallest eigenvalue of this network's kernel at the start",
    "empirical_ntk_final": "smallest eigenvalue of this network's kernel at the end",
}


def decay(series: Series, step: float | None, begin: float, end: float) -> float | None:
    r"""The $\lambda$ with which the residual fell between two times; None if it did not fall.

    Args:
        series: the squared residual.
        step: $\eta$ times the smoothness of the loss, in $(1 - \eta\lambda)^{2k}$; None: the
            series is over time and falls like $e^{-2\lambda t}$.
        begin: from this share of the times on.
        end: up to this share.
    """
    times = np.asarray(series.times, np.float64)
    values = np.asarray(series.values, np.float64)
    if len(times) < 3 or not np.isfinite(values).all() or (values <= 0).any():
        return None
    first, last = (int(np.searchsorted(times, share * times[-1])) for share in (begin, end))
    if last <= first or values[last] >= values[first]:
        return None
    per_unit = math.log(values[last] / values[first]) / (times[last] - times[first])
    return -per_unit / 2.0 if step is None else -math.expm1(per_unit / 2.0) / step


def _rows(record: RunRecord) -> list[list[Any]]:
    run = record.trajectory
    smoothness = record.problem.get("loss_smoothness")
    series = run.series.get("squared_residual")
    if series is None or not isinstance(smoothness, int | float) or smoothness <= 0:
        return []
    flow = "flow" in run.method
    step = None if flow else run.step_size * smoothness
    found = [
        ("measured over the whole run", decay(series, step, 0.0, 1.0)),
        ("measured over the last tenth of the run", decay(series, step, 0.9, 1.0)),
    ]
    # Per unit of time the flow of a loss of smoothness c moves c times as fast.
    scale = smoothness if flow else 1.0
    rows = [[name, figure(size / scale)] for name, size in found if size is not None]
    if not rows:
        return []
    for name, label in EIGENVALUES.items():
        if record.spectra.get(name):
            rows.append([label, figure(float(record.spectra[name][0]))])
    gram = run.series.get("feature_gram_smallest")
    if gram is not None and np.ndim(gram.values) == 1 and len(gram.values):
        label = "smallest eigenvalue of the feature Gram matrix, lowest along the run"
        rows.append([label, figure(float(np.min(gram.values)))])
    return rows


def rates(record: RunRecord) -> Html:
    """The section with the measured rate and the eigenvalues; empty where there is no rate."""
    rows = _rows(record)
    if not rows:
        return Html("")
    about = (
        "The rate λ of a run is the number for which the residual fell by the factor 1 − ηλ per "
        "step. Kernel theory says that it tends to the smallest eigenvalue of the "
        "tangent kernel; before that, larger eigenvalues let it be larger."
    )
    return section(
        "rates",
        "How fast, and how fast predicted",
        element("p", about),
        table("Measured rate and smallest eigenvalues", ["what", "λ"], rows, class_="facts"),
    )
