"""What was measured along a training run."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.timings import add_timings, read_timings
from surefit.errors import StorageError

__all__ = ["Series", "Status", "Trajectory"]


class Status(StrEnum):
    """Why a run ended; a numerical failure is a status, not an exception."""

    TARGET_REACHED = "target_reached"
    STEPS_DONE = "steps_done"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


@dataclasses.dataclass(frozen=True)
class Series:
    """One measured quantity over time.

    Args:
        times: steps for descent, time for gradient flow; increasing, starting at 0.
        values: one row per time; a scalar quantity has shape (times,), one per layer (times, L).
        labels: the names of the columns of a vector quantity.
    """

    times: Float[np.ndarray, " times"]
    values: Float[np.ndarray, "times ..."]
    labels: tuple[str, ...] = ()

    @property
    def last(self) -> Any:
        """The newest value."""
        return self.values[-1]


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """What was measured along a training run.

    Args:
        method: the catalogue name of the method.
        step_size: the step that was used (for flow: the time between records).
        steps: how many steps were made (for flow: the time reached).
        series: monitor name -> measurements. `squared_residual` is always there.
        status: why the run ended.
        message: the same in a sentence, with what to do about it where something went wrong.
        seconds: wall-clock seconds spent stepping, compilation included.
    """

    method: str
    step_size: float
    steps: float
    series: dict[str, Series]
    status: Status
    message: str = ""
    seconds: float = 0.0

    def __getitem__(self, monitor: str) -> Series:
        return self.series[monitor]

    def save(self, directory: Path) -> None:
        """Write `trajectory.json`, `trajectory.npz` and seconds into an existing directory."""
        directory = Path(directory)
        arrays: dict[str, np.ndarray] = {}
        for name, series in self.series.items():
            arrays[f"{name}/times"] = np.asarray(series.times)
            arrays[f"{name}/values"] = np.asarray(series.values)
        with (directory / "trajectory.npz").open("wb") as file:
            np.savez_compressed(file, **arrays)
        head = {
            "method": self.method,
            "step_size": self.step_size,
            "steps": self.steps,
            "status": self.status,
            "message": self.message,
            "labels": {name: list(series.labels) for name, series in self.series.items()},
        }
        write_json(directory / "trajectory.json", head)
        add_timings(directory, training=self.seconds)

    @classmethod
    def load(cls, directory: Path) -> Trajectory:
        """Read what `save` wrote.

        Raises:
            StorageError: a file is missing or damaged.
        """
        directory = Path(directory)
        head = read_json(directory / "trajectory.json")
        labels = head.pop("labels")
        try:
            with np.load(directory / "trajectory.npz") as arrays:
                series = {
                    name: Series(arrays[f"{name}/times"], arrays[f"{name}/values"], tuple(columns))
                    for name, columns in labels.items()
                }
        except (OSError, ValueError, KeyError) as cause:
            raise StorageError(
                f"{directory / 'trajectory.npz'} must be readable. {cause}. "
                "Delete the run directory and run the same command again."
            ) from cause
        head["status"] = Status(head["status"])
        # In older runs the seconds stand here.
        head.setdefault("seconds", read_timings(directory).get("training"))
        for key in ("step_size", "steps", "seconds"):
            head[key] = as_float(head[key])
        return cls(series=series, **head)
