import json
import math
from pathlib import Path

import numpy as np
import pytest

from surefit.core.experiment import ExperimentRecord
from surefit.core.jsonable import dumps
from surefit.core.kernel_record import HeatMap, KernelOutcome, KernelRecord
from surefit.core.migrations import CURRENT, load_documents, schema_of, upgraded
from surefit.core.record import RunRecord
from surefit.core.tidy import COLUMNS, RESULT_COLUMNS, column_type, ordered, tidy_row, tidy_rows
from surefit.core.tidy.fields import EMPTY, as_cell, spec_cells
from surefit.core.tidy.measured import kernel_rate, measured_rate, promised_rate
from surefit.errors import StorageError
from surefit.runs import CertifySpec
from surefit.runs.experiments.song2021 import Song2021Spec
from surefit.runs.kernel_spec import KernelSpec

ALL = [column.name for column in COLUMNS]


def edit(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_row_has_every_column_and_what_the_run_has(tmp_path, stored_runs):
    row = tidy_row(stored_runs.finished(tmp_path, width=128, seed=3, polish=True))
    assert list(row) == ALL
    assert row["run_id"].startswith("digits-shallow-tanh-128-s3-")
    got = {name: row[name] for name in ("kind", "data", "classes", "samples", "inputs", "outputs")}
    assert got == {
        "kind": "certify", "data": "digits", "classes": "0 1", "samples": 40, "inputs": 64,
        "outputs": 1,
    }  # fmt: skip
    assert (row["network"], row["activation"], row["init"]) == ("shallow", "tanh", "wide")
    assert (row["width"], row["depth"], row["seed"], row["polish"]) == (128, 1, 3, True)
    assert (row["step_size"], row["step_size_asked"]) == (stored_runs.STEP, "auto")
    assert (row["steps"], row["steps_asked"], row["method"]) == (100.0, 200_000, "gradient_descent")
    assert (row["first_loss"], row["final_loss"]) == (4.0, pytest.approx(4.0 * 0.9**100))
    assert (row["status"], row["converged"], row["proved"]) == ("target_reached", True, True)
    assert (row["holds"], row["verdict"], row["parameters"]) == (True, "It fits.", 65)
    assert row["distance"] == 10.0
    spectra = ("lambda_min_limit", "lambda_min_initial", "lambda_min_final")
    assert [row[name] for name in spectra] == [0.4, stored_runs.SMALLEST, 0.2]
    assert row["rate_measured"] == pytest.approx(0.9, rel=1e-12)
    assert (row["rate_predicted"], row["rate_theorem"]) == (0.95, "sharp")
    assert row["rate_kernel"] == pytest.approx((1 - 0.05 * 0.3) ** 2)
    assert (row["seconds_training"], row["seconds"]) == (1.5, None)
    assert row["created"] == "2026-01-02T03:04:05+00:00"
    assert row["gamma"] is row["error"] is row["accuracy"] is None


def test_every_value_is_of_the_type_of_its_column(tmp_path, stored_runs):
    stored_runs.finished(tmp_path)
    stored_runs.failed(tmp_path, seed=1, theorems=(), weight_std=2)
    for row in tidy_rows(tmp_path):
        for column in COLUMNS:
            value = row[column.name]
            assert value is None or type(value) is column.type, column.name


def test_the_other_endings(tmp_path, stored_runs):
    losses = [1.0, 10.0, math.inf]
    row = tidy_row(
        stored_runs.finished(tmp_path, status="diverged", proved=False, losses=losses, seed=1)
    )
    assert (row["status"], row["converged"], row["proved"]) == ("diverged", False, False)
    assert (row["holds"], row["final_loss"]) == (None, math.inf)
    losses = [1.0, math.nan]
    row = tidy_row(stored_runs.finished(tmp_path, losses=losses, seed=2))
    assert (row["first_loss"], row["final_loss"], row["rate_measured"]) == (1.0, None, None)


def test_rows_of_a_store(tmp_path, stored_runs):
    assert tidy_rows(tmp_path / "nothing") == []
    run = stored_runs.finished(tmp_path)
    name = stored_runs.failed(tmp_path, seed=1)
    stored_runs.interrupted(tmp_path, seed=2)
    damaged = stored_runs.finished(tmp_path, seed=3, series=False)
    (tmp_path / "notes").mkdir()
    (tmp_path / "plots.txt").write_text("mine")
    rows = {row["run_id"]: row for row in tidy_rows(tmp_path)}
    assert set(rows) == {run.name, name, damaged.name}
    assert list(rows) == sorted(rows)
    bad = rows[name]
    assert (bad["status"], bad["error"], bad["message"]) == (
        "failed", "MemoryLimitError", "Too large.",
    )  # fmt: skip
    assert (bad["attempts"], bad["seed"], bad["samples"], bad["width"]) == (2, 1, 40, 64)
    assert bad["converged"] is bad["steps"] is None
    assert rows[damaged.name]["status"] == "unreadable"
    assert "trajectory.npz" in rows[damaged.name]["message"]
    assert rows[run.name] == tidy_row(run)


def test_a_failure_that_succeeded_since_is_no_row(tmp_path, stored_runs):
    run = stored_runs.finished(tmp_path)
    stored_runs.failed(tmp_path)
    assert [row["status"] for row in tidy_rows(tmp_path)] == ["target_reached"]
    edit(run / "result.json", lambda result: result.pop("spectra"))
    assert [row["status"] for row in tidy_rows(tmp_path)] == ["unreadable"]


def test_every_field_of_a_spec_is_a_documented_column():
    for kind in (CertifySpec, KernelSpec):
        cells = spec_cells(kind().canonical())
        assert set(cells) <= set(ALL)
        for field in set(kind.model_fields) - {"steps"}:
            assert field in ALL
    assert len(set(ALL)) == len(ALL)
    assert set(ALL) > RESULT_COLUMNS
    assert all(column.meaning and not column.meaning.endswith(".") for column in COLUMNS)


def test_cells_of_lists():
    assert as_cell([0.5, 2, "x"]) == "0.5 2 x"
    assert (as_cell([]), as_cell(None), as_cell(math.nan)) == (EMPTY, None, None)
    assert spec_cells(CertifySpec(theorems=()).canonical())["theorems"] == EMPTY
    assert spec_cells(CertifySpec().canonical())["theorems"] is None
    deep = CertifySpec(network="resnet", tau=0.25).canonical()
    assert (spec_cells(deep)["tau"], spec_cells(deep)["method"]) == ("0.25", None)


def test_columns_of_experiments_behind_those_of_the_table():
    assert ordered(["zeta", "width", "alpha", "run_id"]) == ["run_id", "width", "alpha", "zeta"]
    assert column_type("width", ()) is int
    assert column_type("ratio", [{"ratio": 1}, {"ratio": None}, {}]) is float
    assert column_type("ratio", [{"ratio": True}]) is bool
    assert column_type("ratio", [{"ratio": 1}, {"ratio": "a"}]) is column_type("ratio", []) is str


def test_rates():
    times = np.arange(10.0)
    assert measured_rate(times, 0.5**times, "sgd") == pytest.approx(0.5)
    assert measured_rate(times, np.exp(-3 * times), "gradient_flow") == pytest.approx(3.0)
    # The first half is another matter.
    late = np.where(times < 4.5, 1.0, 0.25**times)
    assert measured_rate(times, late, "sgd") == pytest.approx(0.25)
    assert measured_rate(times, np.zeros(10), "sgd") is None
    flow = [
        {"name": n, "prediction": {"applies": True, "rate": r}} for n, r in (("a", 1), ("b", 2))
    ]
    assert promised_rate(flow, "gradient_flow") == {"rate_predicted": 2.0, "rate_theorem": "b"}
    assert promised_rate([], "sgd") == {"rate_predicted": None, "rate_theorem": None}
    assert kernel_rate(0.5, 2.0, 0.1, "gradient_flow") == 2.0
    assert kernel_rate(0.5, 2.0, 0.1, "gradient_descent") == pytest.approx(0.81)
    assert kernel_rate(0.5, 2.0, 0.1, "sgd") is kernel_rate(0.5, None, 0.1, "sgd") is None


def test_a_run_of_the_first_schema_is_read_as_it_is(tmp_path, stored_runs):
    run = stored_runs.finished(tmp_path)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    record = RunRecord.load(run)
    assert (record.trajectory.seconds, record.proofs[0].seconds) == (1.5, 0.75)
    assert record.problem["search_seconds"] == 0.25
    assert math.isnan(record.seconds)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_saving_an_old_run_again_writes_what_a_migration_makes_of_it(tmp_path, stored_runs):
    run = stored_runs.finished(tmp_path / "old")
    new = tmp_path / "new"
    new.mkdir()
    RunRecord.load(run).save(new)
    names = ("result.json", "trajectory.json", "timings.json")
    migrated = dict(zip(names, load_documents(run, *names), strict=True))
    again = {name: json.loads((new / name).read_text(encoding="utf-8")) for name in names}
    assert again["trajectory.json"] == migrated["trajectory.json"]
    # A run that is saved also has what the first version did not write.
    for name in ("result.json", "timings.json"):
        assert again[name] == again[name] | migrated[name]
    assert set(again["timings.json"]) - set(migrated["timings.json"]) == {"total"}
    assert again["result.json"]["schema"] == CURRENT["run"]


def test_a_step_accepts_what_was_done_in_part(tmp_path, stored_runs):
    run = stored_runs.finished(tmp_path)
    names = ["result.json", "trajectory.json", "timings.json"]
    old = {name: json.loads((run / name).read_text(encoding="utf-8")) for name in names[:2]}
    kept = json.dumps(old)
    new = upgraded(old, run)
    assert json.dumps(old) == kept
    for part in (["timings.json"], ["timings.json", "trajectory.json"], names):
        mixed = {**old, **{name: new[name] for name in part}}
        assert dumps(upgraded(mixed, run)) == dumps(new)


def test_newer_and_unknown_schemas_are_refused(tmp_path, stored_runs):
    run = stored_runs.finished(tmp_path)
    edit(run / "result.json", lambda result: result.update(schema=CURRENT["run"] + 1))
    edit(run / "environment.json", lambda facts: facts.update(surefit="9.1.0"))
    for read in (RunRecord.load, tidy_row):
        with pytest.raises(StorageError, match=r"surefit 9\.1\.0.*'surefit>=9\.1\.0'"):
            read(run)
    (row,) = tidy_rows(tmp_path)
    assert row["status"] == "unreadable"
    (run / "environment.json").unlink()
    with pytest.raises(StorageError, match="a newer version of surefit"):
        tidy_row(run)
    for schema in (None, "other/1", "run/1", "kernel/x", "kernel", True, [1]):
        with pytest.raises(ValueError, match="schema"):
            schema_of({"schema": schema})
    for schema in (0, -1, None, "kernel/0"):
        edit(run / "result.json", lambda result, schema=schema: result.update(schema=schema))
        with pytest.raises(StorageError, match="delete it and run"):
            tidy_row(run)
    assert schema_of({"schema": "kernel/12"}) == ("kernel", 12)
    edit(run / "result.json", lambda result: result.update(schema="kernel/1"))
    with pytest.raises(StorageError, match=r"must hold a run of `surefit certify`.*kernel/1"):
        RunRecord.load(run)


def test_the_documentation_has_the_table_of_columns():
    words = {str: "text", int: "integer", float: "number", bool: "yes or no"}
    lines = [f"| `{c.name}` | {words[c.type]} | {c.unit or '–'} | {c.meaning} |" for c in COLUMNS]
    page = Path(__file__).parents[2] / "docs" / "runs.md"
    assert page.read_text(encoding="utf-8").endswith("\n".join(["|---|---|---|---|", *lines, ""]))


def test_a_kernel_run_is_a_row(tmp_path):
    spec = KernelSpec(samples=60, network="resnet", observation_noise=0.01)
    outcome = KernelOutcome(
        "ntk", "positive_definite", "", 0.6, 55.0, 1e-14, 80.0, 17.0, 48, 0.0, 0.02,
        ((0.5, 4, 0.1),), {"train_accuracy": 1.0, "test_accuracy": 0.9, "test_rmse": math.nan},
    )  # fmt: skip
    KernelRecord(
        run_id=spec.run_id,
        title="",
        spec=spec.canonical(),
        environment={"date": "2026-01-02T03:04:05+00:00"},
        verdict="It fits.",
        holds=True,
        facts={"training_samples": 48, "inputs": 64, "outputs": 10},
        kernels=(outcome,),
        spectra={"ntk": [0.6, 55.0]},
        panels=(),
        heat_map=HeatMap("", "", (), (), np.zeros((0, 0))),
    ).save(tmp_path)
    row = tidy_row(tmp_path)
    assert list(row) == ALL
    assert (row["kind"], row["status"], row["holds"]) == ("kernel", "done", True)
    assert row["converged"] is row["proved"] is row["width"] is row["test_rmse"] is None
    assert (row["samples"], row["samples_asked"], row["outputs"]) == (48, 60, 10)
    assert (row["lambda_min_limit"], row["test_accuracy"]) == (0.6, 0.9)
    assert (row["tau"], row["observation_noise"], row["depth"]) == ("1/sqrt(L)", "0.01", 3)


def test_an_experiment_is_a_row_with_its_own_fields_behind(tmp_path):
    spec = Song2021Spec(seed=3)
    run = tmp_path / spec.run_id
    run.mkdir()
    ExperimentRecord(
        run_id=spec.run_id,
        name="song2021",
        title="",
        question="",
        source="",
        spec=spec.canonical(),
        environment={},
        verdict="As printed.",
        holds=None,
        choices={},
        facts={},
        columns=("width",),
        rows=((500,),),
        panels=(),
        checks=(),
    ).save(run)
    (row,) = tidy_rows(tmp_path)
    assert list(row)[: len(ALL)] == ALL
    assert (row["kind"], row["experiment"], row["seed"]) == ("experiment", "song2021", 3)
    assert (row["status"], row["verdict"], row["holds"]) == ("done", "As printed.", None)
    assert row["losses"] == " ".join(spec.losses)
    assert row["ratios"] == " ".join(map(str, spec.ratios))
    assert column_type("losses", [row]) is str
    for column in COLUMNS:
        assert row[column.name] is None or type(row[column.name]) is column.type
