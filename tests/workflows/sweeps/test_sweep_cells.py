"""The job of a sweep: `certify` runs, the same byte for byte however they are done."""

import json

import pytest

from surefit.core.record import RunRecord
from surefit.runs import CertifySpec, Store
from surefit.workflows import certify
from surefit.workflows.preparation import bytes_needed
from surefit.workflows.sweeps import sweep

from .conftest import NOT_RESULTS, results

QUICK = {"samples": 12, "classes": (0, 1), "steps": 30, "theorems": (), "monitors": ("loss",)}


def test_results_do_not_depend_on_order_or_cluster(lab, compiled_alike):
    cells = [CertifySpec(**QUICK, width=16, seed=seed) for seed in range(3)]
    one, two = lab.folder / "one", lab.folder / "two"
    assert sweep(cells, one, workers=1).finished == 3
    assert sweep(cells[::-1], two, workers=1, dask="local").finished == 3
    found = results(one)
    assert len(found) > 3 * 3
    assert results(two) == found
    for cell in cells:
        # A later `certify` finds the run; there is no page yet.
        done = certify(cell, two)
        assert done.reused
        assert done.record.seconds > 0 and done.record.trajectory.seconds > 0
        names = {path.name for path in done.directory.iterdir()}
        assert NOT_RESULTS | {"spec.json", "result.json", "trajectory.npz"} <= names
        assert "report.html" not in names


@pytest.mark.slow
def test_whole_runs_with_proofs_and_polishing_are_the_same_too(lab):
    cells = [
        CertifySpec(samples=20, classes=(0, 1), width=64, seed=seed, **more)
        for seed in range(2)
        for more in ({}, {"activation": "relu", "polish": True, "steps": 3000})
    ]
    stores = [lab.folder / name for name in ("one", "two", "three")]
    assert sweep(cells, stores[0], workers=1).finished == 4
    assert sweep(cells[::-1], stores[1], workers=2).finished == 4
    assert sweep(cells, stores[2], workers=2, dask="local").finished == 4
    assert results(stores[1]) == results(stores[0])
    assert results(stores[2]) == results(stores[0])
    records = [RunRecord.load(run.path) for run in Store(stores[0]).runs()]
    assert all(record.proofs and record.proofs[0].seconds > 0 for record in records)
    assert sum(record.problem.get("polishing_seconds", 0) > 0 for record in records) == 2


def test_a_data_file_is_found_by_workers_and_must_be_the_same(lab, compiled_alike):
    table = lab.folder / "points.csv"
    rows = [f"{x},{x * x % 7},{(-1) ** x}" for x in range(12)]
    table.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    spec = CertifySpec(data=str(table), width=16, steps=5, theorems=(), monitors=("loss",))
    changed = CertifySpec(**{**spec.model_dump(), "seed": 1})
    table.write_text(table.read_text().replace("1,1,", "1,2,"))
    good = CertifySpec(**{**spec.model_dump(), "seed": 2})
    outcome = sweep([changed, good], lab.folder / "s", workers=1)
    assert (outcome.finished, outcome.failed) == (1, (changed.run_id,))
    (failure,) = Store(lab.folder / "s").failures()
    assert "must name the file that the run was specified with" in failure.message
    told = json.loads((lab.folder / "s" / good.run_id / "spec.json").read_text())
    assert told["data"] == "points.csv"


def test_the_estimate_of_a_cell_grows_with_its_gram_matrix():
    small, large = (bytes_needed(CertifySpec(**QUICK | {"samples": n}, width=8)) for n in (10, 100))
    assert 64 * 100**2 <= large < 100 * small + 64 * 100**2
