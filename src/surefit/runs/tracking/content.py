"""What of a run MLflow is told: parameters, numbers, curves, and what the names may look like."""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from surefit.core.tidy import RESULT_COLUMNS
from surefit.core.trajectory import Trajectory

__all__ = ["Content", "Point", "content_of", "thinned"]

# Limits of MLflow: a longer value is refused.
_LONGEST_PARAM, _LONGEST_TAG = 6000, 5000
_TOLD_ELSEWHERE = {"run_id", "created", "verdict"}


@dataclasses.dataclass(frozen=True)
class Point:
    """One value of a metric.

    Args:
        key: its name.
        value: finite.
        step: of training.
    """

    key: str
    value: float
    step: int


@dataclasses.dataclass(frozen=True)
class Content:
    """What one run is in MLflow.

    Args:
        params: the fields of the spec, and facts of the data.
        points: numbers of the tidy table at the last step, and the curves of training.
        tags: run id, kind, status, and the verdict.
        began: milliseconds since 1970; None where the run does not say.
        ended: likewise.
    """

    params: dict[str, str]
    points: tuple[Point, ...]
    tags: dict[str, str]
    began: int | None
    ended: int | None


def content_of(row: Mapping[str, Any], directory: Path, points: int) -> Content:
    """What MLflow is told of a finished run.

    Args:
        row: of the tidy table.
        directory: of the run.
        points: the largest number of points of a curve.
    """
    present = {
        name: value
        for name, value in row.items()
        if value is not None and name not in _TOLD_ELSEWHERE
    }
    params = {
        name: _text(value)[:_LONGEST_PARAM]
        for name, value in present.items()
        if name not in RESULT_COLUMNS
    }
    curves = _curves(directory, points) if row["kind"] == "certify" else []
    drawn = {point.key for point in curves}
    last = int(row["steps"] or 0)
    numbers = [
        Point(name, float(value), last)
        for name, value in present.items()
        if name in RESULT_COLUMNS
        and name not in drawn
        and not isinstance(value, str)
        and math.isfinite(value)
    ]
    tags = {f"surefit.{name}": str(row[name]) for name in ("run_id", "kind", "status")}
    if row["verdict"]:
        tags["mlflow.note.content"] = str(row["verdict"])[:_LONGEST_TAG]
    ended = _milliseconds(row["created"])
    taken = int(1000.0 * (row["seconds"] or row["seconds_training"] or 0.0))
    began = None if ended is None else ended - taken
    return Content(params, (*numbers, *curves), tags, began, ended)


def thinned(count: int, most: int) -> np.ndarray:
    """Which of `count` points to keep, at most `most`: dense at the start, and both ends.

    Half of them are evenly spaced, half geometrically: losses fall by factors.
    """
    if count <= most:
        return np.arange(count)
    half = (most - 1) // 2
    even = np.linspace(0.0, count - 1.0, most - half)
    geometric = np.geomspace(1.0, count, half) - 1.0 if half else np.zeros(0)
    return np.unique(np.rint(np.concatenate([even, geometric])).astype(np.int64))


def _curves(directory: Path, most: int) -> list[Point]:
    trajectory = Trajectory.load(directory)
    by_time = trajectory.method == "gradient_flow"
    found = []
    for name, series in trajectory.series.items():
        values = series.values.reshape(len(series.times), -1)
        labels = series.labels or tuple(map(str, range(values.shape[1])))
        keys = [name] if values.shape[1] == 1 else [f"{name}/{label}" for label in labels]
        for place in thinned(len(series.times), most):
            # Steps are integers in MLflow; times of flow are not, and are counted.
            step = int(place) if by_time else round(float(series.times[place]))
            found += [
                Point(_name(key), float(value), step)
                for key, value in zip(keys, values[place], strict=True)
                if math.isfinite(value)
            ]
    return found


def _name(key: str) -> str:
    """A name that MLflow allows."""
    return re.sub(r"[^\w\-. /]", "_", key, flags=re.ASCII)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _milliseconds(created: str | None) -> int | None:
    try:
        return int(1000.0 * datetime.datetime.fromisoformat(created or "").timestamp())
    except ValueError:
        return None
