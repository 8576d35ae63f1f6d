"""Numbers of a run that a table has and its record has not as such: rates and last values."""

from __future__ import annotations

import dataclasses
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float
from surefit.core.tidy.fields import Cell
from surefit.errors import StorageError

__all__ = [
    "Measured",
    "kernel_rate",
    "last_values",
    "measured_of",
    "measured_rate",
    "promised_rate",
]

FLOW = "gradient_flow"
_VALUES = ("loss", "accuracy", "distance", "kernel_drift")
_RESIDUAL = "squared_residual"


@dataclasses.dataclass(frozen=True)
class Measured:
    """What the table needs of a trajectory.

    Args:
        values: monitor -> its values.
        times: those of the squared residual; empty where it was not measured.
        residual: the squared residual.
    """

    values: dict[str, np.ndarray]
    times: np.ndarray
    residual: np.ndarray


def measured_of(directory: Path) -> Measured:
    """Read what the table needs of a trajectory, and no more.

    Raises:
        StorageError: the file is missing or damaged.
    """
    path = directory / "trajectory.npz"
    try:
        with np.load(path) as arrays:
            names = [name for name in _VALUES if f"{name}/values" in arrays.files]
            residual = f"{_RESIDUAL}/values" in arrays.files
            return Measured(
                values={name: arrays[f"{name}/values"] for name in names},
                times=arrays[f"{_RESIDUAL}/times"] if residual else np.zeros(0),
                residual=arrays[f"{_RESIDUAL}/values"] if residual else np.zeros(0),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as cause:
        raise StorageError(
            f"{path} must be readable. {cause}. Delete the run directory and run the same command "
            "again."
        ) from cause


def last_values(values: Mapping[str, np.ndarray]) -> dict[str, Cell]:
    """The loss at both ends, and the last value of the other quantities."""
    found = {
        name: _cell(series[-1])
        for name, series in values.items()
        if name != "loss" and series.ndim == 1
    }
    if "loss" in values:
        losses = values["loss"]
        found |= {"first_loss": _cell(losses[0]), "final_loss": _cell(losses[-1])}
    return found


def measured_rate(
    times: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], method: str
) -> float | None:
    """How fast a squared residual shrank over the second half of a run.

    Least squares of its logarithm over time. Values that are zero or not finite are left out.

    Args:
        times: steps, or time for gradient flow.
        values: the squared norm of the residual.
        method: how it was trained.

    Returns:
        The factor per step, or for gradient flow the exponent per unit of time; None where fewer
        than two values are left.
    """
    if len(times) < 2:
        return None
    late = (times >= times[-1] / 2.0) & np.isfinite(values) & (values > 0.0)
    t, y = times[late], np.log(values[late])
    if len(t) < 2 or t[-1] == t[0]:
        return None
    t = t - t.mean()
    slope = float(t @ (y - y.mean()) / (t @ t))
    return -slope if method == FLOW else math.exp(slope)


def promised_rate(theorems: Sequence[Mapping[str, Any]], method: str) -> dict[str, Cell]:
    """The best rate among the theorems of which all assumptions hold, and which one gives it."""
    rates = [
        (as_float(item["prediction"]["rate"]), item["name"])
        for item in theorems
        if item["prediction"].get("applies") and item["prediction"].get("rate") is not None
    ]
    if not rates:
        return {"rate_predicted": None, "rate_theorem": None}
    rate, name = max(rates) if method == FLOW else min(rates)
    return {"rate_predicted": _cell(rate), "rate_theorem": name}


def kernel_rate(
    smallest: float | None, smoothness: float | None, step: float, method: str
) -> float | None:
    r"""The rate of the slowest direction of a fixed kernel, as `measured_rate` counts.

    Args:
        smallest: its smallest eigenvalue $\lambda$.
        smoothness: $\beta$ with the loss $\tfrac\beta2\|r\|^2$; None for other losses.
        step: the step $\eta$.
        method: how it is trained.

    Returns:
        $(1 - \eta\beta\lambda)^2$ for gradient descent, $2\beta\lambda$ for gradient flow, None for
        other methods.
    """
    if smallest is None or smoothness is None:
        return None
    if method == FLOW:
        return 2.0 * smoothness * smallest
    return (1.0 - step * smoothness * smallest) ** 2 if method == "gradient_descent" else None


def _cell(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number
