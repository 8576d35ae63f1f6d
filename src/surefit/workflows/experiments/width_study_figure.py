"""Table and panels of the width study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from surefit.core.experiment import CurveLine, Panel
from surefit.workflows.experiments.width_study_checks import LAWS, ORDER, Law
from surefit.workflows.experiments.width_study_draw import Draw

__all__ = ["COLUMNS", "rows", "width_panels"]

LIMIT = "movement over that of the limit kernel"
COLUMNS = (
    "width m",
    "draws",
    *(f"{law.symbol}" for law in LAWS.values()),
    LIMIT,
    "loss at T over loss at 0",
)
"""The heads of the table; values are geometric means over the draws."""


def _groups(draws: Sequence[Draw]) -> list[list[Draw]]:
    widths = sorted({draw.width for draw in draws})
    return [[draw for draw in draws if draw.width == width] for width in widths]


def _mean(group: Sequence[Draw], value: Callable[[Draw], float]) -> float:
    """Geometric: what scatters by factors."""
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean(np.log([value(draw) for draw in group]))))


def rows(draws: Sequence[Draw]) -> tuple[tuple[float | int | str, ...], ...]:
    """The table, one row per width."""
    return tuple(
        (
            group[0].width,
            len(group),
            *(_mean(group, law.value) for law in LAWS.values()),
            _mean(group, lambda d: d.frobenius / d.limit),
            _mean(group, lambda d: float(d.loss[1] / d.loss[0])),
        )
        for group in _groups(draws)
    )


def _law_panel(key: str, law: Law, draws: Sequence[Draw]) -> Panel:
    groups = _groups(draws)
    widths = np.array([float(group[0].width) for group in groups])
    values = [np.sort([law.value(draw) for draw in group]) for group in groups]
    means = np.array([_mean(group, law.value) for group in groups])
    # Through the middle of the means, so that only the slope is to be compared.
    level = np.exp(np.mean(np.log(means) - ORDER * np.log(widths)))
    return Panel(
        name=key,
        title=f"{law.title[0].upper()}{law.title[1:]}",
        about=f"{law.symbol} against the width, T fixed. {law.why} The reference line has slope "
        "-1/2.",
        x_axis="width m",
        y_axis=law.symbol,
        lines=(
            CurveLine("geometric mean of the draws", widths, means),
            CurveLine("smallest draw", widths, np.array([v[0] for v in values])),
            CurveLine("largest draw", widths, np.array([v[-1] for v in values])),
            CurveLine("slope -1/2", widths, level * widths**ORDER),
        ),
        log_x=True,
        log_y=True,
        over_time=False,
    )


def width_panels(draws: Sequence[Draw]) -> tuple[Panel, ...]:
    """One panel per law, and the movement along the run, scaled so that the curves meet."""
    groups = _groups(draws)
    lines = []
    for group in groups:
        times = np.arange(min(len(draw.distance) for draw in group), dtype=np.float64)
        runs = np.array([draw.distance[: len(times)] for draw in group])
        lines.append(
            CurveLine(f"width {group[0].width}", times, runs.mean(axis=0) * group[0].width ** 0.5)
        )
    return (
        *(_law_panel(key, law, draws) for key, law in LAWS.items()),
        Panel(
            name="along_the_run",
            title="Movement along the run",
            about="√m ‖W_t - W_0‖_F, mean of the draws. By the law the curves of all widths are "
            "the same one.",
            x_axis="step",
            y_axis="√m ‖W_t - W_0‖_F",
            lines=tuple(lines),
        ),
    )
