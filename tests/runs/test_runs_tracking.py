import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefit.core.tidy import tidy_row, tidy_rows
from surefit.errors import MissingDependencyError, StorageError
from surefit.runs.tracking import log_runs
from surefit.runs.tracking.content import content_of, thinned

pytest.importorskip("mlflow")


@pytest.fixture
def uri(tmp_path, monkeypatch):
    """A store of files, which MLflow still has for those who ask for it."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return (tmp_path / "mlruns").as_uri()


def logged(uri):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    place = client.get_experiment_by_name("surefit").experiment_id
    return client, {run.data.tags["surefit.run_id"]: run for run in client.search_runs([place])}


def test_a_run_is_there_with_all_that_it_is(tmp_path, stored_runs, uri):
    root = tmp_path / "runs"
    run = stored_runs.finished(root, width=128, seed=3)
    stored_runs.failed(root, seed=1)
    seen = []
    done = log_runs(root, tidy_rows(root), tracking_uri=uri, tell=seen.append)
    assert (done.new, done.there, seen) == ((run.name,), (), [run.name])
    client, found = logged(uri)
    (told,) = found.values()
    assert told.info.run_name == run.name
    assert told.info.status == "FINISHED"
    params = told.data.params
    assert (params["width"], params["seed"], params["antisymmetric"]) == ("128", "3", "true")
    assert (params["network"], params["loss"], params["steps_asked"]) == (
        "shallow", "half_squared", "200000",
    )  # fmt: skip
    assert not {"run_id", "final_loss", "status", "created", "gamma"} & set(params)
    metrics = told.data.metrics
    assert (metrics["proved"], metrics["converged"], metrics["steps"]) == (1.0, 1.0, 100.0)
    assert metrics["final_loss"] == metrics["loss"] == pytest.approx(4.0 * 0.9**100)
    history = client.get_metric_history(told.info.run_id, "loss")
    assert [(point.step, point.value) for point in history[:2]] == [(0, 4.0), (1, 3.6)]
    assert len(history) == 101
    tags = told.data.tags
    assert (tags["surefit.kind"], tags["mlflow.note.content"]) == ("certify", "It fits.")
    assert told.info.end_time - told.info.start_time == 1500
    paths = {item.path for item in client.list_artifacts(told.info.run_id)}
    assert paths == {"spec.json", "result.json"}


def test_the_same_again_logs_what_is_new(tmp_path, stored_runs, uri):
    root = tmp_path / "runs"
    first = stored_runs.finished(root)
    log_runs(root, tidy_rows(root), tracking_uri=uri)
    second = stored_runs.finished(root, seed=1)
    done = log_runs(root, tidy_rows(root), tracking_uri=uri)
    assert (done.new, done.there) == ((second.name,), (first.name,))
    assert len(logged(uri)[1]) == 2


@pytest.mark.parametrize("call", ["log_batch", "log_artifact", "set_tag"])
def test_what_a_killed_process_left_in_part_is_logged_again(
    tmp_path, stored_runs, uri, monkeypatch, call
):
    from mlflow.tracking import MlflowClient

    root = tmp_path / "runs"
    run = stored_runs.finished(root)

    def killed(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, call, killed)
        with pytest.raises(KeyboardInterrupt):
            log_runs(root, tidy_rows(root), tracking_uri=uri)
    assert log_runs(root, tidy_rows(root), tracking_uri=uri).new == (run.name,)
    client, found = logged(uri)
    place = client.get_experiment_by_name("surefit").experiment_id
    assert len(client.search_runs([place])) == 1
    assert found[run.name].data.metrics["steps"] == 100.0


def test_folders_can_be_uploaded(tmp_path, stored_runs, uri):
    root = tmp_path / "runs"
    run = stored_runs.finished(root)
    (run / "certificate").mkdir()
    (run / "certificate" / "certificate.json").write_text("{}")
    wanted = ("certificate", "report.html", "trajectory.npz")
    log_runs(root, tidy_rows(root), tracking_uri=uri, artifacts=wanted)
    client, found = logged(uri)
    key = found[run.name].info.run_id
    assert {item.path for item in client.list_artifacts(key)} == {"certificate", "trajectory.npz"}
    (inside,) = client.list_artifacts(key, "certificate")
    assert inside.path == "certificate/certificate.json"


def test_values_that_are_no_numbers_are_left_out(tmp_path, stored_runs):
    losses = [1.0, math.nan, math.inf, 2.0, math.inf]
    run = stored_runs.finished(tmp_path, status="diverged", proved=False, losses=losses)
    content = content_of(tidy_row(run), run, 100)
    assert [p.step for p in content.points if p.key == "loss"] == [0, 3]
    assert "final_loss" not in {p.key for p in content.points}
    assert all(math.isfinite(p.value) for p in content.points)
    assert content.tags["surefit.status"] == "diverged"


@given(st.integers(1, 5000), st.integers(2, 600))
def test_thinned_curves_keep_both_ends(count, most):
    places = thinned(count, most)
    assert (places[0], places[-1]) == (0, count - 1)
    assert len(places) <= most
    assert np.all(np.diff(places) > 0)


def test_refusals(tmp_path, stored_runs, monkeypatch):
    root = tmp_path / "runs"
    stored_runs.finished(root)
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    with pytest.raises(StorageError, match="must be an address that this MLflow can use"):
        log_runs(root, tidy_rows(root), tracking_uri="postgres://me:secret@host/db")
    with pytest.raises(StorageError) as told:
        log_runs(root, tidy_rows(root), tracking_uri="sqlite://me:secret@host/db")
    assert "Got sqlite://host/db" in str(told.value)
    for module in ("mlflow.exceptions", "mlflow.tracking"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"surefit\[mlflow\]"):
        log_runs(root, tidy_rows(root), tracking_uri="http://127.0.0.1:1")


def test_the_command(tmp_path, stored_runs, uri, monkeypatch):
    from typer.testing import CliRunner

    from surefit.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for seed in range(3):
        stored_runs.finished(tmp_path / "runs", seed=seed)
    command = ["runs", "log-mlflow", "--where", "seed<2"]
    refused = CliRunner().invoke(app, command)
    assert "must name a server" in str(refused.exception)
    for words in ("2 runs logged to the experiment 'surefit', 0 were", "0 runs logged"):
        done = CliRunner().invoke(app, [*command, "--tracking-uri", uri])
        assert words in done.output
