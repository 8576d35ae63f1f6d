"""The three panels of Figure 1 of Gao et al. (2022), and the table beside it."""

from __future__ import annotations

from collections.abc import Sequence

from surefit.core.experiment import CurveLine, Panel
from surefit.workflows.experiments.width_run import WidthRun

__all__ = ["COLUMNS", "panels", "row"]

COLUMNS = (
    "width m",
    "step size η",
    "λ_min(H(0))",
    "λ_max(H(0))",
    "training error at the end",
    "test error at the end",
    "scaled operator norm at the start",
    "its largest change",
    "seconds",
)


def row(run: WidthRun) -> tuple[float | int, ...]:
    """One row of the table."""
    return (
        run.width,
        run.step_size,
        run.smallest,
        run.largest,
        float(run.train_error[1, -1]),
        float(run.held_out_error[1, -1]),
        float(run.norm[1, 0]),
        float(abs(run.norm[1] - run.norm[1, 0]).max()),
        run.seconds,
    )


def panels(runs: Sequence[WidthRun]) -> tuple[Panel, ...]:
    """Training error, test error and scaled operator norm over the epochs."""
    shown = (
        (
            "train_loss",
            "Training error",
            "The mean squared error on the training samples: the wider the network, the faster it "
            "falls.",
            "mean squared error",
            "train_error",
        ),
        (
            "test_loss",
            "Test error",
            "The same on samples that were not trained on: more parameters than samples do no harm "
            "here.",
            "mean squared error",
            "held_out_error",
        ),
        (
            "operator_norm",
            "Scaled operator norm",
            "The largest factor by which the weights inside the equilibrium stretch a state. Below "
            "1 the equilibrium exists for every input; training hardly moves it.",
            "(γ/√m) ‖A‖",
            "norm",
        ),
    )
    return tuple(
        Panel(
            name=name,
            title=title,
            about=about,
            x_axis="epoch",
            y_axis=axis,
            lines=tuple(CurveLine(f"width {run.width}", *getattr(run, field)) for run in runs),
            log_y=name != "operator_norm",
        )
        for name, title, about, axis, field in shown
    )
