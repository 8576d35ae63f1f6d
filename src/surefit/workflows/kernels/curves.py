"""Predicted training curves: loss and errors over the steps of gradient descent."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from surefit.core.panels import CurveLine, Panel
from surefit.function_space import FunctionSpace
from surefit.workflows.kernels.samples import Samples

__all__ = ["curve_lines", "panels", "steps_shown"]

_POINTS = 48
# The curve ends where the loss has fallen to this share, or where no step is long enough.
_END = 1e-4
_LONGEST = 10**9
TITLES = {"ntk": "NTK", "nngp": "last layer (NNGP)"}


def steps_shown(space: FunctionSpace) -> Int64[np.ndarray, " times"]:
    """Steps at which curves are evaluated: 0, then growing geometrically."""
    start = space.at(0.0).loss
    last = space.steps_to_loss(_END * start) if start > 0.0 else 1
    if last is None:
        alive = space.eigen.values[space.eigen.values > 0.0] + space.ridge
        slowest = float(alive.min()) if alive.size else 1.0
        last = round(min(10.0 / (space.safe_step_size * slowest), _LONGEST))
    last = min(max(last, 10), _LONGEST)
    grown = np.unique(np.round(np.geomspace(1, last, _POINTS)).astype(np.int64))
    return np.concatenate([[0], grown])


def curve_lines(
    name: str, space: FunctionSpace, samples: Samples
) -> tuple[list[CurveLine], list[CurveLine]]:
    """The lines of one kernel: losses per sample, and shares of errors for classes.

    Cost: $(n + m)nk$ operations for each of about 50 times.
    """
    steps = steps_shown(space)
    title = TITLES[name]
    code, losses, shares = samples.prepared.code, {}, {}
    labels = {"training": samples.prepared.labels, "test": samples.labels_test}
    targets = {"training": samples.prepared.y, "test": samples.y_test}
    for count in steps.tolist():
        moment = space.after(count)
        for part, outputs in (
            ("training", moment.train),
            ("test", None if samples.x_test is None else moment.test),
        ):
            if outputs is None:
                continue
            error = 0.5 * float(np.mean(np.sum((outputs - targets[part]) ** 2, axis=1)))
            losses.setdefault(part, []).append(error)
            if samples.classification:
                shares.setdefault(part, []).append(1.0 - code.accuracy(outputs, labels[part]))
    x = steps.astype(np.float64)

    def lines(values: dict[str, list[float]]) -> list[CurveLine]:
        return [CurveLine(f"{title}, {part}", x, np.asarray(v)) for part, v in values.items()]

    return lines(losses), lines(shares)


def panels(losses: list[CurveLine], shares: list[CurveLine], compared: bool) -> tuple[Panel, ...]:
    """The figure: losses, and errors where targets are classes."""
    also = " The line of the trained network is measured." if compared else ""
    loss = Panel(
        name="loss",
        title="Predicted training curve",
        about="Half the squared error per sample while gradient descent runs with the safe step "
        f"size, in closed form from the eigenvalues.{also}",
        x_axis="step",
        y_axis="loss per sample",
        lines=tuple(losses),
        log_x=True,
        log_y=True,
    )
    if not shares:
        return (loss,)
    return (
        loss,
        Panel(
            name="errors",
            title="Predicted errors",
            about="The share of samples in a wrong class at the same steps.",
            x_axis="step",
            y_axis="share misclassified",
            lines=tuple(shares),
            log_x=True,
        ),
    )
