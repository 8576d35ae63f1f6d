"""A finished experiment as plain data: curves, a table, checks, and what was chosen."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check
from surefit.core.given_files import plain_name, whole
from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.migrations import load_documents
from surefit.core.surface import Surface
from surefit.errors import StorageError

__all__ = ["CurveLine", "ExperimentRecord", "Panel"]

SCHEMA = "experiment/1"
# What repeats the other files, or would make the heads of the files hard to read.
_NESTED = ("spec", "environment", "panels", "surfaces", "checks")


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


@dataclasses.dataclass(frozen=True)
class ExperimentRecord:
    """A finished experiment as plain data.

    Args:
        run_id: hash of the spec.
        name: of the experiment in its catalogue.
        title: what it is called.
        question: what it is to show, in a sentence or two.
        source: the paper, with the place in it.
        spec: the canonical spec.
        environment: versions, platform, date.
        verdict: the outcome in one sentence.
        holds: whether all checks hold; None: one cannot be decided and none fails.
        choices: what the source leaves open -> what was used here.
        facts: of the data, each a number or a short text.
        columns: the heads of the table.
        rows: the table, one row per run of the experiment.
        panels: the figure.
        checks: what is claimed, held against what was measured.
        command: how to reproduce it.
        surfaces: what the figure shows in three dimensions.
    """

    run_id: str
    name: str
    title: str
    question: str
    source: str
    spec: dict[str, Any]
    environment: dict[str, Any]
    verdict: str
    holds: bool | None
    choices: dict[str, Any]
    facts: dict[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[float | int | str, ...], ...]
    panels: tuple[Panel, ...]
    checks: tuple[Check, ...]
    command: str = ""
    surfaces: tuple[Surface, ...] = ()

    def save(self, directory: Path) -> None:
        """Write `spec.json`, `environment.json`, `result.json`, `table.csv` and `curves.csv`.

        Where there are surfaces, `surfaces.csv` as well.
        """
        directory = Path(directory)
        write_json(directory / "spec.json", self.spec)
        write_json(directory / "environment.json", self.environment)
        result = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in _NESTED
        }
        result |= {
            "schema": SCHEMA,
            "panels": [dataclasses.asdict(panel) for panel in self.panels],
            "checks": [check.to_dict() for check in self.checks],
            # As pairs: the order is meant, and JSON objects are written with sorted keys.
            "choices": list(self.choices.items()),
            "facts": list(self.facts.items()),
        }
        if self.surfaces:
            result["surfaces"] = [surface.to_dict() for surface in self.surfaces]
            points = (point for surface in self.surfaces for point in surface.points())
            _write_csv(directory / "surfaces.csv", ("surface", "x", "y", "z"), points)
        write_json(directory / "result.json", result)
        _write_csv(directory / "table.csv", self.columns, self.rows)
        curves = (
            (panel.name, line.label, float(x), float(y))
            for panel in self.panels
            for line in panel.lines
            for x, y in zip(line.x, line.y, strict=True)
        )
        _write_csv(directory / "curves.csv", ("panel", "line", "x", "y"), curves)

    @classmethod
    def load(cls, directory: Path) -> ExperimentRecord:
        """Read what `save` wrote.

        Raises:
            StorageError: a file is missing, damaged or of another schema.
        """
        with whole(Path(directory)):
            return cls._read(Path(directory))

    @classmethod
    def _read(cls, directory: Path) -> ExperimentRecord:
        (data,) = load_documents(directory, "result.json")
        schema = data.pop("schema", None) if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise StorageError(
                f"{directory} must hold an experiment of schema {SCHEMA!r}. Got schema "
                f"{schema!r}. It holds something else. `surefit runs show` says what."
            )
        plain_name(data["run_id"], directory)
        for key in ("columns", "rows"):
            data[key] = tuple(tuple(x) if isinstance(x, list) else x for x in data[key])
        for key in ("choices", "facts"):
            data[key] = dict(data[key])
        data["panels"] = tuple(map(_panel, data["panels"]))
        data["surfaces"] = tuple(map(Surface.from_dict, data.get("surfaces", ())))
        data["checks"] = tuple(map(Check.from_dict, data["checks"]))
        return cls(
            spec=read_json(directory / "spec.json"),
            environment=read_json(directory / "environment.json"),
            **data,
        )


def _panel(data: dict[str, Any]) -> Panel:
    lines = tuple(
        CurveLine(line["label"], _array(line["x"]), _array(line["y"])) for line in data["lines"]
    )
    return Panel(**{**data, "lines": lines})


def _array(values: list[Any]) -> Float[np.ndarray, " n"]:
    return np.asarray([as_float(value) for value in values], np.float64)


def _write_csv(path: Path, head: Any, rows: Any) -> None:
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
