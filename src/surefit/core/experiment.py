"""A finished experiment as plain data: curves, a table, checks, and what was chosen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from surefit.core.check import Check
from surefit.core.csv_file import write_csv
from surefit.core.given_files import plain_name, whole
from surefit.core.jsonable import read_json, write_json
from surefit.core.migrations import load_documents
from surefit.core.panels import POINTS, CurveLine, Panel, points_of, read_panel
from surefit.core.surface import Surface
from surefit.errors import StorageError

__all__ = ["CurveLine", "ExperimentRecord", "Panel"]

SCHEMA = "experiment/1"
# What repeats the other files, or would make the heads of the files hard to read.
_NESTED = ("spec", "environment", "panels", "surfaces", "checks")


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
            write_csv(directory / "surfaces.csv", ("surface", "x", "y", "z"), points)
        write_json(directory / "result.json", result)
        write_csv(directory / "table.csv", self.columns, self.rows)
        write_csv(directory / "curves.csv", POINTS, points_of(self.panels))

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
        data["panels"] = tuple(map(read_panel, data["panels"]))
        data["surfaces"] = tuple(map(Surface.from_dict, data.get("surfaces", ())))
        data["checks"] = tuple(map(Check.from_dict, data["checks"]))
        return cls(
            spec=read_json(directory / "spec.json"),
            environment=read_json(directory / "environment.json"),
            **data,
        )
