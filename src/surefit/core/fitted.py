"""A constant that a source leaves open, with the value that a measured run would ask for."""

from __future__ import annotations

import dataclasses
from typing import Any

from surefit.core.jsonable import as_float

__all__ = ["MARK", "FittedConstant"]

MARK = "fitted, not from the source"
"""Stands wherever a fitted value is shown."""


@dataclasses.dataclass(frozen=True)
class FittedConstant:
    """One unstated constant of a theorem, held against a run.

    Args:
        name: the name of the constant among the theorem's fields.
        used: the value that the promises were computed with.
        ratio: measured over promised with that value, at the time where it is worst: the largest
            for an upper bound, the smallest for a lower bound.
        fitted: the value with which the promise is just kept at every measured time. It describes
            this run; it is not a value that the source gives, and proves nothing about other runs.
        at_least: whether the run keeps the promise with every value from `fitted` on; otherwise
            with every value up to it.
        monitor: the monitored quantity that decided.
        note: where in the run it was decided.
    """

    name: str
    used: float
    ratio: float
    fitted: float
    at_least: bool
    monitor: str
    note: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FittedConstant:
        """The inverse of `dataclasses.asdict` behind JSON."""
        numbers = {key: as_float(data[key]) for key in ("used", "ratio", "fitted")}
        return cls(**{**data, **numbers})
