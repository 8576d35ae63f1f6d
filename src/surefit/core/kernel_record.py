"""A finished `surefit kernel` run as plain data: spectra, predictions, and how good they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.csv_file import write_csv
from surefit.core.given_files import plain_name, whole
from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.migrations import load_documents
from surefit.core.panels import POINTS, Panel, points_of, read_panel
from surefit.errors import StorageError

__all__ = ["HeatMap", "KernelOutcome", "KernelRecord"]

SCHEMA = "kernel/1"


@dataclasses.dataclass(frozen=True)
class KernelOutcome:
    r"""What was found about one kernel.

    Args:
        name: `ntk` or `nngp`.
        status: `positive_definite`, `rank_deficient` or `indefinite`.
        message: the status in a sentence.
        smallest: the smallest eigenvalue.
        largest: the largest one.
        error: how far each of them can be from the true one.
        condition: their ratio.
        effective_dimension: $\sum_i\lambda_i/(\lambda_i + \bar\lambda)$ with the mean eigenvalue.
        rank: eigenvalues above rounding.
        unlearnable: the share of the squared targets along eigenvectors of eigenvalue 0.
        step_size: the safe one.
        goals: share of the loss at the start -> (steps of gradient descent, time of gradient flow);
            None and infinity: never.
        scores: `train_accuracy`, `test_accuracy` or `train_rmse`, `test_rmse`, in the end.
    """

    name: str
    status: str
    message: str
    smallest: float
    largest: float
    error: float
    condition: float
    effective_dimension: float
    rank: int
    unlearnable: float
    step_size: float
    goals: tuple[tuple[float, int | None, float], ...]
    scores: dict[str, float]


@dataclasses.dataclass(frozen=True, eq=False)
class HeatMap:
    """A kernel matrix with its points in groups, as means over cells.

    Args:
        title: its heading.
        about: one or two sentences.
        groups: the names of the groups, in order.
        edges: where every group begins, and where the last one ends, in cells.
        values: one row and one column per cell.
    """

    title: str
    about: str
    groups: tuple[str, ...]
    edges: tuple[int, ...]
    values: Float[np.ndarray, "a a"]


@dataclasses.dataclass(frozen=True, eq=False)
class KernelRecord:
    """A finished run as plain data.

    Args:
        run_id: hash of the spec.
        title: data and network in a few words.
        spec: the canonical spec.
        environment: versions, platform, date.
        verdict: the outcome in one sentence.
        holds: whether descent at infinite width fits the training data; None: cannot say.
        facts: of data and network, each a number or a short text.
        kernels: what was found about each kernel.
        spectra: kernel -> eigenvalues in ascending order.
        panels: predicted curves, and measured ones where a network was trained.
        heat_map: of the first kernel.
        class_columns: the heads of the table of classes.
        class_rows: one row per class; empty for a regression.
        calibration: of the Gaussian process on test points, by name; empty where there is none.
        comparison: how far prediction and trained network are apart, by name; empty likewise.
        comparison_note: what went wrong while training, in a sentence; empty: nothing.
        command: how to reproduce it.
    """

    run_id: str
    title: str
    spec: dict[str, Any]
    environment: dict[str, Any]
    verdict: str
    holds: bool | None
    facts: dict[str, Any]
    kernels: tuple[KernelOutcome, ...]
    spectra: dict[str, list[float]]
    panels: tuple[Panel, ...]
    heat_map: HeatMap
    class_columns: tuple[str, ...] = ()
    class_rows: tuple[tuple[float | int | str, ...], ...] = ()
    calibration: dict[str, float] = dataclasses.field(default_factory=dict)
    comparison: dict[str, float] = dataclasses.field(default_factory=dict)
    comparison_note: str = ""
    command: str = ""

    def summary(self) -> dict[str, Any]:
        """What `result.json` holds, curves and spectra left out: the answer of `--json`."""
        kept = ("run_id", "title", "verdict", "holds", "facts", "calibration", "comparison")
        kernels = [dataclasses.asdict(kernel) for kernel in self.kernels]
        classes = {"columns": self.class_columns, "rows": self.class_rows}
        plain = {name: getattr(self, name) for name in (*kept, "comparison_note")}
        return {"schema": SCHEMA, **plain, "kernels": kernels, "classes": classes}

    def save(self, directory: Path) -> None:
        """Write `spec.json`, `environment.json`, `result.json`, `curves.csv`, `spectra.csv`."""
        directory = Path(directory)
        write_json(directory / "spec.json", self.spec)
        write_json(directory / "environment.json", self.environment)
        # As pairs where the order is meant: JSON objects are written with sorted keys.
        ordered = {name: list(getattr(self, name).items()) for name in _ORDERED}
        curves = [dataclasses.asdict(panel) for panel in self.panels]
        whole = {"panels": curves, "heat_map": dataclasses.asdict(self.heat_map)}
        result = {**self.summary(), **ordered, **whole, "command": self.command}
        write_json(directory / "result.json", result)
        write_csv(directory / "curves.csv", POINTS, points_of(self.panels))
        ranked = ((name, rank, v) for name, vs in self.spectra.items() for rank, v in enumerate(vs))
        write_csv(directory / "spectra.csv", ("kernel", "index", "eigenvalue"), ranked)

    @classmethod
    def load(cls, directory: Path) -> KernelRecord:
        """Read what `save` wrote.

        Raises:
            StorageError: a file is missing, damaged or of another schema.
        """
        with whole(Path(directory)):
            return cls._read(Path(directory))

    @classmethod
    def _read(cls, directory: Path) -> KernelRecord:
        (data,) = load_documents(directory, "result.json")
        schema = data.pop("schema", None) if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise StorageError(
                f"{directory} must hold a kernel run of schema {SCHEMA!r}. Got schema {schema!r}. "
                "It holds something else. `surefit runs show` says what."
            )
        plain_name(data["run_id"], directory)
        classes = data.pop("classes")
        data |= {name: dict(data[name]) for name in _ORDERED}
        for name in ("calibration", "comparison"):
            data[name] = {key: as_float(value) for key, value in data[name].items()}
        data["spectra"] = {
            name: [as_float(v) for v in values] for name, values in data["spectra"].items()
        }
        data["kernels"] = tuple(map(_outcome, data["kernels"]))
        data["panels"] = tuple(map(read_panel, data["panels"]))
        data["heat_map"] = _heat_map(data["heat_map"])
        return cls(
            spec=read_json(directory / "spec.json"),
            environment=read_json(directory / "environment.json"),
            class_columns=tuple(classes["columns"]),
            class_rows=tuple(map(tuple, classes["rows"])),
            **data,
        )


_ORDERED = ("facts", "calibration", "comparison", "spectra")


def _outcome(data: dict[str, Any]) -> KernelOutcome:
    goals = tuple((as_float(s), steps, as_float(time)) for s, steps, time in data["goals"])
    scores = {name: as_float(value) for name, value in data["scores"].items()}
    numbers = {
        field.name: as_float(data[field.name])
        for field in dataclasses.fields(KernelOutcome)
        if field.type == "float"
    }
    return KernelOutcome(**{**data, **numbers, "goals": goals, "scores": scores})


def _heat_map(data: dict[str, Any]) -> HeatMap:
    rows = np.asarray([[as_float(v) for v in row] for row in data["values"]], np.float64)
    return HeatMap(
        **{**data, "groups": tuple(data["groups"]), "edges": tuple(data["edges"]), "values": rows}
    )
