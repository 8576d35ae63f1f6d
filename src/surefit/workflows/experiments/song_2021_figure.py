"""The panels of the teacher-student experiment, and the table beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surefit.core.experiment import CurveLine, Panel
from surefit.workflows.experiments.song_2021_checks import mean_agreement
from surefit.workflows.experiments.song_2021_students import StudentRun

__all__ = ["COLUMNS", "RELEASED", "panels", "row"]

COLUMNS = (
    "loss",
    "ω₂ / He",
    "student",
    "step size η",
    "test agreement",
    "training agreement",
    "loss at the end",
    "W moves",
)

HE = 0.0447214
# omega_2 and mean test agreement of the released runs: MNIST, width 1000, 300 epochs, five seeds.
RELEASED = (
    (0.002, 0.9645), (0.00744, 0.9707), (0.01289, 0.9788), (0.01833, 0.9822), (0.02378, 0.9851),
    (0.03467, 0.9876), (0.04556, 0.9891), (0.05644, 0.9898), (0.06733, 0.9896), (0.07822, 0.9902),
)  # fmt: skip

_TITLES = {"cross_entropy": "cross-entropy", "mean_squared": "mean squares"}


def row(run: StudentRun) -> tuple[float | int | str, ...]:
    """One row of the table."""
    return (
        _TITLES[run.loss],
        run.ratio,
        run.repeat + 1,
        run.step_size,
        run.agreement,
        run.fitted,
        run.last_loss,
        run.movement[0],
    )


def panels(runs: Sequence[StudentRun]) -> tuple[Panel, ...]:
    """Agreement and movement over the ratio of scales; agreement over the epochs."""
    losses = list(dict.fromkeys(run.loss for run in runs))
    shared = {"x_axis": "ω₂ / ω₂ of He", "log_x": True, "over_time": False}
    released = np.array(RELEASED)
    final = Panel(
        name="agreement",
        title="Test agreement with the teacher",
        about="The share of test samples on which student and teacher choose the same class. All "
        "starts have the same product of scales; to the left they are lazy.",
        y_axis="share of test samples",
        lines=(
            *(_line(_TITLES[loss], mean_agreement(runs, loss)) for loss in losses),
            CurveLine("released runs of the paper (MNIST)", released[:, 0] / HE, released[:, 1]),
        ),
        **shared,
    )
    moved = Panel(
        name="movement",
        title="How far the weights move",
        about="‖W − W₀‖ / ‖W₀‖ of the hidden weights at the end: the less the lazier the start. "
        "With cross-entropy the outputs grow without end, and move them everywhere.",
        y_axis="relative movement of W",
        lines=tuple(_line(_TITLES[loss], _movement(runs, loss)) for loss in losses),
        log_y=True,
        **shared,
    )
    return (final, moved, *(_over_time(runs, loss) for loss in losses))


def _line(label: str, values: dict[float, float]) -> CurveLine:
    return CurveLine(label, np.array(list(values), float), np.array(list(values.values()), float))


def _movement(runs: Sequence[StudentRun], loss: str) -> dict[float, float]:
    ratios = sorted({run.ratio for run in runs if run.loss == loss})
    return {
        ratio: float(np.mean([r.movement[0] for r in runs if (r.loss, r.ratio) == (loss, ratio)]))
        for ratio in ratios
    }


def _over_time(runs: Sequence[StudentRun], loss: str) -> Panel:
    first = [run for run in runs if run.loss == loss and run.repeat == 0]
    return Panel(
        name=f"curves_{loss}",
        title=f"Over the epochs, {_TITLES[loss]}",
        about="The share of test samples on which the first student of every start and the teacher "
        "differ.",
        x_axis="epoch",
        y_axis="share of test samples",
        lines=tuple(
            CurveLine(f"ratio {run.ratio:g}", run.curve[0], 1.0 - run.curve[1]) for run in first
        ),
        log_y=True,
    )
