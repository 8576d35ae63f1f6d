"""Finished runs of a store logged to MLflow, each one once."""

from __future__ import annotations

import dataclasses
import itertools
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from surefit.errors import MissingDependencyError, StorageError
from surefit.runs.tracking.content import Content, content_of

__all__ = ["Logged", "log_runs"]

RUN_ID, COMPLETE = "surefit.run_id", "surefit.complete"
# What MLflow takes in one request.
_METRICS, _PARAMS, _PAGE = 1000, 100, 1000


@dataclasses.dataclass(frozen=True)
class Logged:
    """What was logged.

    Args:
        new: the names of the runs that are in MLflow now.
        there: those that were there before.
    """

    new: tuple[str, ...]
    there: tuple[str, ...]


def log_runs(
    root: Path,
    rows: Iterable[Mapping[str, Any]],
    *,
    tracking_uri: str | None = None,
    experiment: str = "surefit",
    artifacts: Sequence[str] = ("spec.json", "result.json"),
    points: int = 500,
    tell: Callable[[str], Any] = lambda run_id: None,
) -> Logged:
    """Log finished runs to MLflow: parameters, numbers, curves, tags and files.

    A run that the experiment has already (tag `surefit.run_id`) is left alone. One that a killed
    process left in part is deleted and logged again; let one process at a time log into an
    experiment.

    Args:
        root: the store's directory.
        rows: of its finished runs, as `Store.table` gives them; others are left out.
        tracking_uri: where to; None: what `MLFLOW_TRACKING_URI` says.
        experiment: the name of the experiment; made if it is absent.
        artifacts: files and folders of a run to upload; those that a run does not have are left
            out.
        points: the largest number of points of a curve.
        tell: called with the name of every run that was looked at.

    Raises:
        MissingDependencyError: MLflow is not installed.
        StorageError: MLflow refuses, or does not answer.
    """
    client, mlflow_error = _client(tracking_uri)
    new: list[str] = []
    there: list[str] = []
    try:
        place, complete = _prepare(client, experiment)
        for row in rows:
            run_id = str(row["run_id"])
            if row["status"] in ("failed", "unreadable", "running", "interrupted"):
                continue
            if run_id in complete:
                there.append(run_id)
            else:
                directory = Path(root) / run_id
                _log(client, place, content_of(row, directory, points), directory, artifacts)
                new.append(run_id)
            tell(run_id)
    except mlflow_error as cause:
        raise StorageError(
            f"`log_runs(tracking_uri=...)` must name a tracking server that takes runs. Got "
            f"{_without_password(tracking_uri)}: {cause} {len(new)} runs were logged; the same "
            "command goes on with the others. Start the server, or correct the address."
        ) from cause
    return Logged(tuple(new), tuple(there))


def _client(tracking_uri: str | None) -> tuple[Any, type[Exception]]:
    # Nobody but the server that was named is to hear of runs, unless the user wants it.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError as cause:
        raise MissingDependencyError(
            "`log_runs(...)` must have MLflow. Got an installation without it. It is an extra. "
            "Install it with `pip install 'surefit[mlflow]'`."
        ) from cause
    try:
        return MlflowClient(tracking_uri), MlflowException
    except MlflowException as cause:
        raise StorageError(
            "`log_runs(tracking_uri=...)` must be an address that this MLflow can use. Got "
            f"{_without_password(tracking_uri)}: {cause} Name the address of a server, as "
            "`http://127.0.0.1:5000`."
        ) from cause


def _prepare(client: Any, experiment: str) -> tuple[str, set[str]]:
    """The experiment's id, and the runs that it has; what was logged in part is deleted."""
    found = client.get_experiment_by_name(experiment)
    place = client.create_experiment(experiment) if found is None else found.experiment_id
    complete, token = set(), None
    while True:
        page = client.search_runs([place], max_results=_PAGE, page_token=token)
        for run in page:
            if COMPLETE in run.data.tags:
                complete.add(run.data.tags.get(RUN_ID))
            elif RUN_ID in run.data.tags:
                client.delete_run(run.info.run_id)
        token = page.token
        if not token:
            return place, complete


def _log(
    client: Any, place: str, content: Content, directory: Path, artifacts: Sequence[str]
) -> None:
    from mlflow.entities import Metric, Param

    now = int(1000.0 * time.time())
    ended = content.ended or now
    run = client.create_run(
        place,
        start_time=content.began or ended,
        tags=content.tags,
        run_name=content.tags[RUN_ID],
    )
    key = run.info.run_id
    params = iter([Param(name, value) for name, value in content.params.items()])
    while batch := list(itertools.islice(params, _PARAMS)):
        client.log_batch(key, params=batch)
    metrics = iter([Metric(p.key, p.value, ended, p.step) for p in content.points])
    while batch := list(itertools.islice(metrics, _METRICS)):
        client.log_batch(key, metrics=batch)
    for name in artifacts:
        path = directory / name
        if path.is_dir():
            client.log_artifacts(key, str(path), name)
        elif path.exists():
            client.log_artifact(key, str(path))
    client.set_tag(key, COMPLETE, "true")
    client.set_terminated(key, "FINISHED", ended)


def _without_password(uri: str | None) -> str:
    if uri is None:
        return "none, and `MLFLOW_TRACKING_URI` counts"
    scheme, slashes, rest = uri.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}" if slashes else uri
