"""What the tests of sweeps share: a job without JAX, its log, and looks at stores and processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from surefit.runs import CertifySpec, Store
from surefit.workflows.sweeps import SweepListener

JOBS = Path(__file__).with_name("jobs")
TINY = "tiny_job:run"
# What differs between two runs of the same cell.
NOT_RESULTS = {"environment.json", "timings.json"}


class Ear(SweepListener):
    """Keeps all that it hears."""

    def __init__(self):
        self.heard = []

    def __getattribute__(self, name):
        if name in ("planned", "started", "finished", "failed", "lost", "waiting"):
            return lambda *words: self.heard.append((name, *words))
        return super().__getattribute__(name)

    def of(self, name):
        return [words[1:] for words in self.heard if words[0] == name]


class Lab:
    """A folder with stores and a log, and processes that sweep over them."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "log"
        self.log.touch()

    def cells(self, widths=(15, 16), seeds=3):
        return [CertifySpec(width=w, seed=s, steps=9) for w in widths for s in range(seeds)]

    def lines(self, word):
        return [line.split()[1] for line in self.log.read_text().splitlines()
                if line.startswith(word)]  # fmt: skip

    def start(self, store, cells, **options):
        """A sweep in a process of its own."""
        grid = [{name: getattr(c, name) for name in c.model_fields_set} for c in cells]
        return self.python(
            str(JOBS / "drive.py"), str(store), json.dumps(grid),
            json.dumps({"job": TINY, **options}),
        )  # fmt: skip

    def python(self, *words, **options):
        return subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def processes(self):
        """Numbers of all processes that this lab has brought about, this one apart."""
        mark, found = f"TINY_LOG={self.log}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                alive = (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
                if alive and mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
        return [pid for pid in found if pid != os.getpid()]

    def alone(self, seconds=20.0):
        """Whether nothing of it runs any more, soon."""
        end = time.monotonic() + seconds
        while self.processes() and time.monotonic() < end:
            time.sleep(0.05)
        return not self.processes()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(JOBS)
    monkeypatch.setenv("PYTHONPATH", str(JOBS))
    lab = Lab(tmp_path)
    monkeypatch.setenv("TINY_LOG", str(lab.log))
    yield lab
    for pid in lab.processes():
        os.kill(pid, 9)


def results(store):
    """Path -> bytes of every file of results in a store; fails where it holds anything else."""
    root = Path(store)
    assert not any((root / ".incomplete").glob("*")), [*(root / ".incomplete").iterdir()]
    assert not any((root / ".failed").glob("*"))
    runs = Store(root).runs()
    names = {run.run_id for run in runs} | {".incomplete", ".failed"}
    assert {path.name for path in root.iterdir()} <= names
    return {
        str(path.relative_to(root)): path.read_bytes()
        for run in runs
        for path in run.path.rglob("*")
        if path.is_file() and path.name not in NOT_RESULTS
    }


def never_repeated(log):
    """No cell began again after it was finished."""
    done = set()
    for line in Path(log).read_text().splitlines():
        word, run_id, _ = line.split()
        assert not (word == "start" and run_id in done), run_id
        if word == "end":
            assert run_id not in done
            done.add(run_id)
    return done
