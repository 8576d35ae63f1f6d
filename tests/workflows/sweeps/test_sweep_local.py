"""Sweeps on this machine, with a job that takes a tenth of a second."""

import os
import time

import pytest

from surefit.errors import ClusterError, InvalidInputError
from surefit.runs import CertifySpec, Store
from surefit.workflows.sweeps import sweep
from surefit.workflows.sweeps.pinned import pinned
from surefit.workflows.sweeps.room import Room

from .conftest import TINY, Ear, never_repeated, results


def test_all_cells_are_done_once_and_found_again(lab):
    ear, cells = Ear(), lab.cells()
    outcome = sweep([*cells, *cells[:2]], lab.folder / "s", workers=2, job=TINY, listener=ear)
    assert (outcome.finished, outcome.reused, outcome.failed) == (6, 0, ())
    assert not outcome.interrupted
    assert ear.of("planned") == [(6, 0, 0, None)]
    names = sorted(cell.run_id for cell in cells)
    assert sorted(run_id for run_id, _ in ear.of("started")) == names
    assert sorted(run_id for run_id, _, _ in ear.of("finished")) == names
    assert all(path.is_dir() and seconds > 0 for _, path, seconds in ear.of("finished"))
    assert sorted(lab.lines("start")) == sorted(lab.lines("end")) == names
    assert len(results(lab.folder / "s")) == 6 * 3  # spec, result, trajectory
    assert lab.alone()

    ear = Ear()
    more = [*cells, CertifySpec(width=17, steps=9)]
    again = sweep(more, lab.folder / "s", workers=1, job=TINY, listener=ear)
    assert (again.finished, again.reused) == (1, 6)
    ((total, reused, failed, expected),) = ear.of("planned")
    assert (total, reused, failed) == (7, 6, 0)
    assert expected == pytest.approx(0.1)  # what the finished ones say, one cell, one worker
    assert sorted(lab.lines("start")) == sorted([*names, more[-1].run_id])


def test_failures_are_kept_and_retried_on_request(lab):
    store = Store(lab.folder / "s")
    cells = lab.cells(widths=(13, 15), seeds=1)
    bad, ear = cells[0].run_id, Ear()
    outcome = sweep(cells, store.root, workers=1, job=TINY, listener=ear)
    assert (outcome.finished, outcome.failed) == (1, (bad,))
    assert ear.of("failed") == [(bad, "ValueError", "thirteen")]
    (failure,) = store.failures()
    assert failure.attempts == 1
    assert 'raise ValueError("thirteen")' in failure.traceback

    ear = Ear()
    outcome = sweep(cells, store.root, workers=1, job=TINY, listener=ear)
    assert ear.of("planned")[0][:3] == (2, 1, 1)
    assert (outcome.failed, ear.of("started")) == ((bad,), [])

    outcome = sweep(cells, store.root, workers=1, job=TINY, retry_failed=True)
    assert outcome.failed == (bad,)
    assert store.failures()[0].attempts == 2


def test_a_cell_that_kills_its_workers_fails_and_the_others_do_not(lab):
    cells, ear = lab.cells(widths=(14, 15), seeds=1), Ear()
    outcome = sweep(cells, lab.folder / "s", workers=1, job=TINY, listener=ear)
    assert (outcome.finished, outcome.failed) == (1, (cells[0].run_id,))
    assert [run_id for run_id, _, _ in ear.of("lost")] == [cells[0].run_id] * 2
    assert all("SIGABRT" in why for _, _, why in ear.of("lost"))
    (failure,) = Store(lab.folder / "s").failures()
    assert (failure.error, failure.worker_lost) == ("worker_lost", True)
    assert "must survive its cell" in failure.message
    assert lab.alone()


def test_a_cell_that_never_fits_fails(lab):
    mebi, ear = 2**20, Ear()
    cells = lab.cells(widths=(15, 16, 40), seeds=1)
    outcome = sweep(
        cells, lab.folder / "s", workers=3, memory_limit=33 * mebi, job=TINY, listener=ear
    )
    # 15 and 16 fit together, 40 never does.
    assert outcome.finished == 2
    assert outcome.failed == (cells[2].run_id,)
    (failure,) = Store(lab.folder / "s").failures()
    assert failure.error == "MemoryLimitError"
    assert "33.0 MiB; this cell needs 40.0 MiB" in failure.message


class Gatekeeper(Ear):
    """Opens the gate for the cells that run as soon as another one waits."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def tick(self):
        if self.of("waiting"):
            self.gate.touch()


def test_a_cell_waits_for_the_one_beside_which_it_does_not_fit(lab, monkeypatch):
    (lab.folder / "gated.py").write_text(
        "import time\n"
        "from pathlib import Path\n"
        "import tiny_job\n"
        "from tiny_job import weigh\n"
        "def run(spec, out):\n"
        "    while not Path(out).with_name('gate').exists():\n"
        "        time.sleep(0.01)\n"
        "    return tiny_job.run(spec, out)\n"
    )
    monkeypatch.syspath_prepend(lab.folder)
    ear = Gatekeeper(lab.folder / "gate")
    cells = lab.cells(widths=(20, 21), seeds=1)
    outcome = sweep(
        cells, lab.folder / "s", workers=2, memory_limit=33 * 2**20, job="gated:run", listener=ear
    )
    assert outcome.finished == 2
    assert [name for name, *_ in ear.heard] == [
        "planned", "started", "waiting", "finished", "started", "finished"
    ]  # fmt: skip
    assert "are free beside the cells that run" in ear.of("waiting")[0][1]


def test_room_counts_what_processes_have_taken_already(monkeypatch):
    sizes = {1: 100, 2: 100}
    monkeypatch.setattr("surefit.workflows.sweeps.room.resident_bytes", sizes.get)
    monkeypatch.setattr("surefit.workflows.sweeps.room.available_bytes", lambda: 1000)
    room = Room(None)
    assert room.missing(5000) is None  # nothing runs: the run itself refuses what cannot be
    room.take(1, 800)
    assert room.missing(200) is None
    assert room.missing(201) is not None
    sizes[1] = 700  # it took 600 of its 800, and the system counts them
    assert room.missing(800) is None
    assert room.missing(801) is not None
    room.leave(1)
    assert room.missing(5000) is None


def test_a_worn_out_worker_is_replaced_between_cells(lab, monkeypatch):
    (lab.folder / "worn.py").write_text(
        "import surefit.workflows.sweeps.worker as worker\n"
        "from tiny_job import run\n"
        "worker.worn_out = lambda: True\n"
        "import sys; sys.modules['__main__'].worn_out = lambda: True\n"
    )
    monkeypatch.syspath_prepend(lab.folder)
    ear = Ear()
    sweep(lab.cells(seeds=1), lab.folder / "s", workers=1, job="worn:run", listener=ear)
    assert [worker for _, worker in ear.of("started")] == ["worker 1", "worker 2"]
    assert ear.of("lost") == []
    assert never_repeated(lab.log)


def test_the_users_own_files_are_known_to_workers(lab, monkeypatch):
    plugin = lab.folder / "mine.py"
    plugin.write_text(f"import os\nos.environ['TINY_LOG'] = {str(lab.folder / 'other')!r}\n")
    monkeypatch.setenv("SUREFIT_PLUGINS", str(plugin))
    sweep(lab.cells(widths=(15,), seeds=1), lab.folder / "s", workers=1, job=TINY)
    assert lab.lines("start") == []
    assert (lab.folder / "other").read_text().startswith("start")


@pytest.mark.parametrize(
    ("job", "told"),
    [("no_such_module:run", "ModuleNotFoundError"), ("tiny_job:walk", "AttributeError")],
)
def test_a_job_that_is_not_there(lab, job, told):
    with pytest.raises(ClusterError, match=told) as caught:
        sweep(lab.cells(), lab.folder / "s", workers=1, job=job)
    assert "`sweep(job=...)` must be" in str(caught.value)
    assert lab.alone()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"workers": 0}, "whole number of at least 1"),
        ({"workers": 2, "dask": "tcp://localhost:1"}, "must not stand beside the address"),
        ({"memory_limit": -1.0}, "number of bytes above 0"),
        ({"memory_limit": float("nan")}, "number of bytes above 0"),
        ({"job": "tiny_job"}, "must be `module:function`"),
    ],
)
def test_arguments_that_are_refused(lab, options, told):
    with pytest.raises(InvalidInputError, match=told):
        sweep(lab.cells(), lab.folder / "s", **options)
    assert not (lab.folder / "s").exists()


def test_one_thread_each():
    found = pinned({"OMP_NUM_THREADS": "8", "XLA_FLAGS": "--xla_a=1", "HOME": "/h"})
    assert found["OMP_NUM_THREADS"] == found["OPENBLAS_NUM_THREADS"] == found["NPROC"] == "1"
    assert found["XLA_FLAGS"] == "--xla_a=1 --xla_cpu_multi_thread_eigen=false"
    assert pinned(found) == found
    assert found["HOME"] == "/h"


def test_workers_end_with_the_process_that_started_them(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "10")
    process = lab.start(lab.folder / "s", lab.cells(), workers=2)
    with process:
        while len(lab.lines("start")) < 2:
            time.sleep(0.02)
        assert len(lab.processes()) == 3
        os.kill(process.pid, 9)
        assert lab.alone()


@pytest.mark.parametrize("dask", [None, "local"])
def test_workers_that_do_not_start_are_not_started_for_ever(lab, monkeypatch, dask):
    (lab.folder / "stillborn.py").write_text(
        "import os, sys\nsys.stderr.write('a library is missing')\nos._exit(3)\n"
    )
    monkeypatch.syspath_prepend(lab.folder)
    monkeypatch.setattr("surefit.workflows.sweeps.local._MOST_STILLBORN", 3)
    with pytest.raises(ClusterError, match="ended with code 3") as caught:
        sweep(lab.cells(), lab.folder / "s", workers=1, job="stillborn:run", dask=dask)
    assert "a library is missing" in str(caught.value)
    assert Store(lab.folder / "s").failures() == []
    assert lab.alone()
