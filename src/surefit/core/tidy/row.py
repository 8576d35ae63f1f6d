"""One finished run as one flat row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surefit.core.given_files import plain_name
from surefit.core.jsonable import as_float, read_json
from surefit.core.migrations import load_documents
from surefit.core.proof import ASIDE
from surefit.core.tidy.columns import COLUMNS
from surefit.core.tidy.fields import Cell, kind_of, spec_cells, typed
from surefit.core.tidy.measured import (
    Measured,
    kernel_rate,
    last_values,
    measured_of,
    measured_rate,
    promised_rate,
)
from surefit.errors import StorageError

__all__ = ["tidy_row"]


def tidy_row(directory: Path) -> dict[str, Cell]:
    """One finished run as one flat row; `surefit.core.tidy.COLUMNS` says what each column is.

    Every column is there. What a run does not have is None, and so is NaN; infinity stays.

    Args:
        directory: of the run.

    Returns:
        Column -> value.

    Raises:
        StorageError: a file is missing, damaged or of a newer schema.

    Cost: two small JSON files, `result.json`, and a few arrays of the trajectory; about a
    millisecond for 100 kB.
    """
    directory = Path(directory)
    spec = read_json(directory / "spec.json")
    kind = kind_of(spec)
    names = ["result.json", "timings.json", "environment.json"]
    names += ["trajectory.json"] if kind == "certify" else []
    result, timings, environment, *head = load_documents(directory, *names)
    row: dict[str, Cell] = {column.name: None for column in COLUMNS}
    try:
        row |= {"run_id": plain_name(result["run_id"], directory), **spec_cells(spec)}
        row |= {name: result[name] for name in ("verdict", "holds")}
        row |= {
            "created": environment.get("date"),
            "seconds": typed("seconds", timings.get("total")),
            "seconds_training": typed("seconds_training", timings.get("training")),
        }
        if kind == "certify":
            row |= _certify(result, head[0], measured_of(directory))
        else:
            row |= _kernel(result) if kind == "kernel" else {"status": "done"}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as cause:
        raise StorageError(
            f"{directory} must hold a whole run. Got one in which {cause!r} went wrong. It may "
            "have been edited or copied in part; delete it and run the same command again."
        ) from cause
    return row


def _certify(
    result: Mapping[str, Any], head: Mapping[str, Any], measured: Measured
) -> dict[str, Cell]:
    problem = result["problem"]
    method, step = head["method"], as_float(head["step_size"])
    cells: dict[str, Cell] = {
        name: typed(name, problem.get(name))
        for name in ("samples", "inputs", "outputs", "parameters")
    }
    smallest = {
        "lambda_min_limit": _smallest(result, "limit_ntk"),
        "lambda_min_initial": _smallest(result, "empirical_ntk_initial"),
        "lambda_min_final": _smallest(result, "empirical_ntk_final"),
    }
    rate = measured_rate(measured.times, measured.residual, method)
    smoothness = typed("rate_kernel", problem.get("loss_smoothness"))
    return {
        **cells,
        "method": method,
        "step_size": typed("step_size", step),
        "steps": typed("steps", head["steps"]),
        "status": head["status"],
        "converged": head["status"] == "target_reached",
        "proved": any(
            proof["verdict"] == "proved" and proof["certificate"] not in ASIDE
            for proof in result.get("proofs", ())
        ),
        **last_values(measured.values),
        **smallest,
        "rate_measured": rate,
        **promised_rate(result["theorems"], method),
        "rate_kernel": kernel_rate(smallest["lambda_min_initial"], smoothness, step, method),
    }


def _smallest(result: Mapping[str, Any], spectrum: str) -> float | None:
    values = result["spectra"].get(spectrum)
    number = as_float(values[0]) if values else math.nan
    return None if math.isnan(number) else number


def _kernel(result: Mapping[str, Any]) -> dict[str, Cell]:
    facts, first = dict(result["facts"]), result["kernels"][0]
    tangent = [kernel for kernel in result["kernels"] if kernel["name"] == "ntk"]
    scores = first["scores"]
    return {
        "status": "done",
        "samples": typed("samples", facts.get("training_samples")),
        "inputs": typed("inputs", facts.get("inputs")),
        "outputs": typed("outputs", facts.get("outputs")),
        "lambda_min_limit": typed("lambda_min_limit", tangent[0]["smallest"] if tangent else None),
        "test_accuracy": typed("test_accuracy", scores.get("test_accuracy")),
        "test_rmse": typed("test_rmse", scores.get("test_rmse")),
    }
