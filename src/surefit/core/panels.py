"""Curves in panels, as records keep them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float

__all__ = ["POINTS", "CurveLine", "Panel", "points_of", "read_panel"]

# The heads of a table of points.
POINTS = ("panel", "line", "x", "y")


@dataclasses.dataclass(frozen=True)
class CurveLine:
    """One line of a panel.

    Args:
        label: what distinguishes it ("width 500").
        x: positions, increasing.
        y: values.
    """

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]


@dataclasses.dataclass(frozen=True)
class Panel:
    """A panel of the figure.

    Args:
        name: one word, as in the table of curves.
        title: its heading.
        about: one or two sentences.
        x_axis: label.
        y_axis: label.
        lines: the curves.
        log_y: whether the vertical axis is logarithmic.
        log_x: whether the horizontal axis is logarithmic.
        over_time: whether the horizontal axis is time.
    """

    name: str
    title: str
    about: str
    x_axis: str
    y_axis: str
    lines: tuple[CurveLine, ...]
    log_y: bool = False
    log_x: bool = False
    over_time: bool = True


def points_of(panels: Iterable[Panel]) -> Iterator[tuple[str, str, float, float]]:
    """A row per point of every line."""
    return (
        (panel.name, line.label, float(x), float(y))
        for panel in panels
        for line in panel.lines
        for x, y in zip(line.x, line.y, strict=True)
    )


def read_panel(data: dict[str, Any]) -> Panel:
    """A panel from its JSON form."""
    lines = tuple(
        CurveLine(line["label"], _array(line["x"]), _array(line["y"])) for line in data["lines"]
    )
    return Panel(**{**data, "lines": lines})


def _array(values: list[Any]) -> Float[np.ndarray, " n"]:
    return np.asarray([as_float(value) for value in values], np.float64)
