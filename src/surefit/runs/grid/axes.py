"""What varies in a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from surefit.errors import InvalidInputError

__all__ = ["Axis", "ordered"]

# Programs are compiled for shapes. Cells that share them stand next to each other, so that they
# run one after the other: first what decides how many samples there are, last what is a mere number
# in the program.
_DATA = ("data", "target", "classes", "samples", "samples_per_class", "preprocess", "labels")
_NUMBERS = ("step_size", "target_loss", "steps", "noise", "seed")


@dataclasses.dataclass(frozen=True)
class Axis:
    """Fields that vary together: one field of `[grid]`, or a table of `[[zip]]`.

    Args:
        names: of the fields.
        rows: one value for each of them, for every place on the axis; None: unset.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of_values(cls, name: str, values: Sequence[Any]) -> Axis:
        """A single field."""
        return cls((name,), tuple((value,) for value in values))

    @classmethod
    def of_columns(cls, columns: Mapping[str, tuple[Any, ...]], where: str) -> Axis:
        """Fields that move together.

        Raises:
            InvalidInputError: they have different numbers of values, or there are none.
        """
        sizes = {name: len(values) for name, values in columns.items()}
        if len(set(sizes.values())) != 1:
            shown = ", ".join(f"{name} with {size}" for name, size in sizes.items()) or "no field"
            raise InvalidInputError(
                f"{where} must have lists of one length. Got {shown}. The first values belong "
                "together, then the second, and so on. Complete the shorter list, or move a field "
                "to [grid], where every value meets every other."
            )
        return cls(tuple(columns), tuple(zip(*columns.values(), strict=True)))

    def column(self, name: str) -> tuple[Any, ...]:
        """The values of one field."""
        place = self.names.index(name)
        return tuple(row[place] for row in self.rows)


def ordered(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The axes, slowest first: data, then networks, then mere numbers; otherwise as written."""

    def rank(axis: Axis) -> int:
        return min(0 if n in _DATA else 2 if n in _NUMBERS else 1 for n in axis.names)

    return tuple(sorted(axes, key=lambda axis: (rank(axis), "seed" in axis.names)))
