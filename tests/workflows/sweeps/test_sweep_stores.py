"""Stores that are full, read-only or shared, and sweeps that are interrupted."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import pytest

from surefit.errors import StorageError
from surefit.runs import Store
from surefit.workflows.sweeps import sweep

from .conftest import TINY, never_repeated, results

# A job whose disk is full from the third cell on, as long as there is a file `full`.
FULL = """
import errno, os
from pathlib import Path
import tiny_job
from surefit.runs import workspace

def run(spec, out):
    if Path(out).with_name("full").exists() and len(list(Path(out).glob("*-*"))) >= 2:
        def fail(*arguments):
            raise OSError({number}, os.strerror({number}))
        workspace._sync_tree = fail
    return tiny_job.run(spec, out)
"""


@pytest.fixture
def full(lab, monkeypatch):
    """A job whose disk is full, until the file that is returned is gone."""
    (lab.folder / "full_job.py").write_text(FULL.format(number=errno.ENOSPC))
    monkeypatch.syspath_prepend(lab.folder)
    (lab.folder / "full").touch()
    return lab.folder / "full"


@pytest.mark.parametrize("dask", [None, "local"])
def test_a_full_disk_stops_the_sweep_and_harms_nothing(lab, full, dask):
    store, cells = lab.folder / "s", lab.cells(widths=(15,), seeds=4)
    with pytest.raises(StorageError, match="No space left on device") as caught:
        sweep(cells, store, workers=1, job="full_job:run", dask=dask)
    assert "goes on from its last checkpoint" in str(caught.value)
    assert len(Store(store).runs()) == 2
    assert Store(store).failures() == []
    assert lab.alone()
    full.unlink()
    outcome = sweep(cells, store, workers=1, job="full_job:run")
    assert (outcome.finished, outcome.reused) == (2, 2)
    assert len(never_repeated(lab.log)) == 4
    assert len(results(store)) == 4 * 3


def test_a_store_that_cannot_be_written(lab, monkeypatch):
    store, cells = lab.folder / "s", lab.cells(widths=(15,), seeds=2)
    sweep(cells[:1], store, workers=1, job=TINY)
    before = results(store)

    def fail(**options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    # What is there can be read.
    assert sweep(cells[:1], store, workers=1, job=TINY).reused == 1
    with pytest.raises(StorageError, match="Read-only file system") as caught:
        sweep(cells, store, workers=1, job=TINY)
    assert "make this one writable" in str(caught.value)
    assert results(store) == before
    assert lab.processes() == []


def test_a_cell_whose_own_data_are_missing_fails_alone(lab, monkeypatch):
    (lab.folder / "lacking.py").write_text(
        "import tiny_job\n"
        "def run(spec, out):\n"
        "    if spec['width'] == 15:\n"
        "        open('/no/such/file')\n"
        "    return tiny_job.run(spec, out)\n"
    )
    monkeypatch.syspath_prepend(lab.folder)
    cells = lab.cells(seeds=1)
    outcome = sweep(cells, lab.folder / "s", workers=1, job="lacking:run")
    assert (outcome.finished, outcome.failed) == (1, (cells[0].run_id,))
    assert Store(lab.folder / "s").failures()[0].error == "FileNotFoundError"


def test_two_sweeps_on_one_store_share_the_work(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.03")
    store, cells = lab.folder / "s", lab.cells(seeds=4)
    with lab.start(store, cells, workers=2) as one, lab.start(store, cells[::-1], workers=2) as two:
        answers = [json.loads(p.communicate()[0].splitlines()[-1]) for p in (one, two)]
    names = sorted(cell.run_id for cell in cells)
    assert sorted(lab.lines("start")) == names  # each cell once, by one of them
    assert all(answer["failed"] == [] for answer in answers)
    assert all(answer["finished"] + answer["reused"] == 8 for answer in answers)
    found = results(store)
    assert sweep(cells, lab.folder / "t", workers=1, job=TINY).finished == 8
    assert results(lab.folder / "t") == found


def test_a_cell_that_another_process_holds_is_waited_for(lab, monkeypatch):
    store, (cell, *_) = lab.folder / "s", lab.cells()
    with Store(store).begin(cell) as workspace, lab.start(store, [cell], workers=1) as process:
        while not (line := process.stdout.readline()).startswith("waiting"):
            assert line
        assert "works right now" in line
        (workspace.path / "result.json").write_text("{}")
        workspace.publish()
        told = json.loads(process.communicate()[0].splitlines()[-1])
    assert told == {"finished": 1, "reused": 0, "failed": [], "interrupted": False}
    assert lab.lines("start") == []


@pytest.mark.parametrize(
    ("number", "dask"), [(signal.SIGINT, None), (signal.SIGTERM, None), (signal.SIGINT, "local")]
)
def test_an_interrupted_sweep_goes_on_where_it_was(lab, monkeypatch, number, dask):
    monkeypatch.setenv("TINY_PAUSE", "0.2")
    store, cells = lab.folder / "s", lab.cells(widths=(15,), seeds=2)
    with lab.start(store, cells, workers=1, dask=dask) as process:
        while not list(Path(store).glob(".incomplete/*.scratch/state.npz")):
            time.sleep(0.02)
        process.send_signal(number)
        told = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    assert process.returncode == 0
    assert told == {"finished": 0, "reused": 0, "failed": [], "interrupted": True}
    assert lab.alone()
    assert len(list(Path(store).glob(".incomplete/*.scratch/state.npz"))) == 1
    assert not list(Path(store).glob(".incomplete/*.lock"))
    monkeypatch.setenv("TINY_PAUSE", "0")
    assert sweep(cells, store, workers=1, job=TINY).finished == 2
    assert sweep(cells, lab.folder / "t", workers=1, job=TINY).finished == 2
    assert results(store) == results(lab.folder / "t")
