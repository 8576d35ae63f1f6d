"""A figure of a whole store as data, drawn by Plotly in the site and by Matplotlib for a paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

__all__ = ["Cells", "Chart", "Filter", "Mark", "Numbers"]


@dataclasses.dataclass(frozen=True)
class Mark:
    """Points, a line, or a band of a chart.

    Args:
        label: its name in the legend; marks with equal labels share one entry.
        x: positions.
        y: values; what is not finite is a gap.
        low: lower ends of the error bars, or of the band.
        high: upper ends.
        kind: `points`, `line`, `both` or `band` (between `low` and `high`).
        colour: number of the colour in the palette; -1 is that of the text.
        dash: how a line is drawn, one of `DASHES`.
        texts: what hovering adds, one text per point.
        by: to which values of the chart's filters it belongs; it is shown with all values of a
            filter that it does not name.
        faint: drawn behind and thinner than the others.
    """

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"] | None = None
    high: Float[np.ndarray, " n"] | None = None
    kind: str = "both"
    colour: int = 0
    dash: str = "solid"
    texts: tuple[str, ...] = ()
    by: Mapping[str, str] = dataclasses.field(default_factory=dict)
    faint: bool = False


@dataclasses.dataclass(frozen=True)
class Cells:
    """A grid of coloured cells between 0 and 1.

    Args:
        x: positions of the columns, increasing.
        y: positions of the rows, increasing.
        values: one row per `y`; NaN is an empty cell.
        words: what stands in each cell.
        texts: what hovering adds.
        name: of the scale.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    values: Float[np.ndarray, "y x"]
    words: tuple[tuple[str, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    name: str


@dataclasses.dataclass(frozen=True)
class Filter:
    """A choice of what a chart shows.

    Args:
        key: which entry of `Mark.by` it asks for.
        label: its name.
        values: what can be chosen, in order.
        single: one value is always chosen; otherwise all of them at first.
        colours: whether the values give the colours while all of them are shown.
    """

    key: str
    label: str
    values: tuple[str, ...]
    single: bool = False
    colours: bool = False


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A table with numbers behind a chart.

    Args:
        caption: what it shows.
        columns: the heads.
        rows: numbers and texts.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclasses.dataclass(frozen=True)
class Chart:
    """A figure.

    Args:
        ident: its name, letters and hyphens.
        title: heading.
        about: one or two sentences on what is seen.
        x_axis: label.
        y_axis: label.
        marks: what is drawn, over the cells.
        cells: what is drawn below.
        log_x: logarithmic horizontal axis.
        log_y: logarithmic vertical axis.
        x_ticks: where the horizontal axis has its ticks; empty: anywhere.
        y_ticks: the same for the vertical axis.
        y_range: ends of the vertical axis, where they are given.
        filters: choices of what is shown.
        notes: sentences below it, with the numbers.
        tables: the numbers behind it.
        wide: over the full width of a page.
    """

    ident: str
    title: str
    about: str
    x_axis: str
    y_axis: str
    marks: tuple[Mark, ...] = ()
    cells: Cells | None = None
    log_x: bool = True
    log_y: bool = True
    x_ticks: tuple[float, ...] = ()
    y_ticks: tuple[float, ...] = ()
    y_range: tuple[float, float] | None = None
    filters: tuple[Filter, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Numbers, ...] = ()
    wide: bool = False

    def shown(self) -> tuple[Mark, ...]:
        """The marks that are shown at first, before anything is chosen."""
        chosen = {item.key: item.values[0] for item in self.filters if item.single and item.values}
        return tuple(
            mark
            for mark in self.marks
            if all(mark.by.get(key, value) == value for key, value in chosen.items())
        )
