"""What results ask of width, step and iterations to reach a loss, as a run records it."""

from __future__ import annotations

import dataclasses
from typing import Any

from surefit.core.jsonable import as_float

__all__ = ["Demands", "ResultDemand"]


def _float(value: Any) -> float | None:
    return None if value is None else as_float(value)


@dataclasses.dataclass(frozen=True)
class ResultDemand:
    """What one result asks for, condition by condition.

    Args:
        result: authors and year.
        network: depth and which layers are trained.
        dynamics: catalogue name of the method.
        conditions: formula and width of every named condition; the largest width binds.
        width: that of the condition that binds; None where there is none.
        step: the largest step, for the loss of the run; None where the result states none.
        iterations: until the loss; None where the result states none.
        gaps: how many times more than in practice: `width`, `step` (the inverse), `iterations`.
        unstated: hidden constants, set to 1.
        provenance: where the formulas were taken from.
        note: one sentence for the reader.
    """

    result: str
    network: str
    dynamics: str
    conditions: tuple[tuple[str, float], ...]
    width: float | None
    step: float | None
    iterations: float | None
    gaps: dict[str, float | None]
    unstated: tuple[str, ...]
    provenance: str
    note: str = ""

    @property
    def binding(self) -> str:
        """The condition that asks for the largest width; empty if there is none."""
        return max(self.conditions, key=lambda item: item[1], default=("", 0.0))[0]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ResultDemand:
        """The inverse of `dataclasses.asdict` behind JSON."""
        return cls(
            **{
                **data,
                **{key: _float(data[key]) for key in ("width", "step", "iterations")},
                "conditions": tuple((name, as_float(width)) for name, width in data["conditions"]),
                "gaps": {key: _float(value) for key, value in data["gaps"].items()},
                "unstated": tuple(data["unstated"]),
            }
        )


@dataclasses.dataclass(frozen=True)
class Demands:
    """What results ask for, and what was enough.

    Args:
        target_loss: the loss that is reached.
        width: of the network of the run.
        step: the step of the run, or that of the prediction.
        iterations: how many steps it took.
        measured: whether the run took them; otherwise the kernel at its start predicts them.
        rows: the results.
    """

    target_loss: float
    width: float
    step: float
    iterations: float
    measured: bool
    rows: tuple[ResultDemand, ...]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Demands:
        """The inverse of `dataclasses.asdict` behind JSON."""
        numbers = {k: as_float(data[k]) for k in ("target_loss", "width", "step", "iterations")}
        return cls(**{**data, **numbers, "rows": tuple(map(ResultDemand.from_dict, data["rows"]))})
