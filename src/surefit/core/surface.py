"""A surface over a plane, as plain data: a part of the figure of an experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float

__all__ = ["Surface"]


@dataclasses.dataclass(frozen=True, eq=False)
class Surface:
    """A surface over a rectangle with a point marked on it.

    Args:
        name: one word, as in the table of values.
        title: its heading.
        about: one or two sentences.
        x_axis: label, a few words.
        y_axis: label, a few words.
        z_axis: label, a few words.
        x: positions, increasing.
        y: positions, increasing.
        z: the value at row `y[i]` and column `x[j]`; what is not finite is a hole.
        mark: the position that is marked by a vertical line; one of the grid.
        mark_label: what is there.
        numbers: further numbers about it, each with its name.
    """

    name: str
    title: str
    about: str
    x_axis: str
    y_axis: str
    z_axis: str
    x: Float[np.ndarray, " a"]
    y: Float[np.ndarray, " b"]
    z: Float[np.ndarray, "b a"]
    mark: tuple[float, float]
    mark_label: str
    numbers: tuple[tuple[str, float], ...] = ()

    @property
    def marked(self) -> tuple[int, int]:
        """Row and column of the mark."""
        row = int(np.abs(self.y - self.mark[1]).argmin())
        return row, int(np.abs(self.x - self.mark[0]).argmin())

    def points(self) -> Iterator[tuple[str, float, float, float]]:
        """Name, x, y and value of every point of the grid."""
        for y, row in zip(self.y.tolist(), self.z.tolist(), strict=True):
            for x, z in zip(self.x.tolist(), row, strict=True):
                yield self.name, x, y, z

    def to_dict(self) -> dict[str, Any]:
        """A mapping ready for `write_json`."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Surface:
        """What `read_json` found of `to_dict`."""
        arrays = {
            "x": np.asarray([as_float(v) for v in data["x"]]),
            "y": np.asarray([as_float(v) for v in data["y"]]),
            "z": np.asarray([[as_float(v) for v in row] for row in data["z"]]),
        }
        mark = (as_float(data["mark"][0]), as_float(data["mark"][1]))
        numbers = tuple((str(name), as_float(number)) for name, number in data["numbers"])
        return cls(**{**data, **arrays, "mark": mark, "numbers": numbers})
