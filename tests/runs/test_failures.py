"""Runs that failed: kept whole with their traceback until they succeed."""

import os
import subprocess
import sys

import pytest

from surefit.core.jsonable import read_json
from surefit.errors import BusyRunError, StorageError
from surefit.runs import CertifySpec, Store

SPEC = CertifySpec(seed=3)
TOLD = {"error": "ValueError", "message": "no", "traceback": "Traceback ..."}


def test_a_failure_is_kept_and_counted(tmp_path):
    store = Store(tmp_path / "s")
    assert store.failures() == []
    store.record_failure(SPEC, **TOLD)
    store.record_failure(SPEC, **TOLD | {"error": "worker_lost", "worker_lost": True})
    (failure,) = store.failures()
    assert failure.run_id == SPEC.run_id
    assert failure.spec == SPEC.canonical()
    assert (failure.error, failure.message, failure.attempts) == ("worker_lost", "no", 2)
    assert failure.worker_lost and failure.traceback == "Traceback ..."
    assert failure.when.endswith("+00:00")
    assert read_json(failure.path / "failure.json")["schema"] == 1
    assert {path.name for path in failure.path.iterdir()} == {"spec.json", "failure.json"}
    assert not list((tmp_path / "s" / ".incomplete").iterdir())
    assert store.runs() == []


def test_success_ends_it(tmp_path):
    store = Store(tmp_path)
    store.record_failure(SPEC, **TOLD)
    with store.begin(SPEC) as workspace:
        (workspace.path / "a").touch()
    assert len(store.failures()) == 1  # interrupted: nothing is known yet
    with store.begin(SPEC) as workspace:
        workspace.publish()
    assert store.failures() == []
    assert not list((tmp_path / ".failed").iterdir())
    store.record_failure(SPEC, **TOLD)  # too late: it is finished
    assert store.failures() == []
    assert not list((tmp_path / ".failed").iterdir())


def test_it_can_be_forgotten(tmp_path):
    store = Store(tmp_path)
    store.record_failure(SPEC, **TOLD)
    store.record_failure(CertifySpec(seed=4), **TOLD)
    store.forget_failure(SPEC.run_id)
    store.forget_failure("no-such-run")
    assert [failure.spec["seed"] for failure in store.failures()] == [4]


def test_whoever_works_on_the_run_has_the_last_word(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        with pytest.raises(BusyRunError, match="must be the only one at work"):
            store.record_failure(SPEC, **TOLD)
        workspace.publish()
    assert store.failures() == []


def test_what_is_no_failure_is_not_listed(tmp_path):
    store = Store(tmp_path)
    store.record_failure(SPEC, **TOLD)
    path = store.failures()[0].path
    (tmp_path / ".failed" / "x").mkdir()
    (path / "failure.json").write_text('{"schema": 99}')
    assert store.failures() == []
    store.record_failure(SPEC, **TOLD)  # in the place of the unreadable one
    assert store.failures()[0].attempts == 1


def test_a_store_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="must be a directory that can be written"):
        Store(tmp_path / "file").record_failure(SPEC, **TOLD)


# The process kills itself before the k-th change of the file system, for every k.
EVERY_POINT = """
import os, shutil, signal, sys
from pathlib import Path
from surefit.runs import CertifySpec, Store

spec, told = CertifySpec(seed=3), dict(error="E", message="m", traceback="t")

def attempt(root):
    store = Store(root)
    store.record_failure(spec, **told)
    store.record_failure(spec, **told)
    with store.begin(spec) as workspace:
        workspace.publish()

def armed(k):
    count = 0
    def wrap(function):
        def wrapped(*args, **kwargs):
            nonlocal count
            count += 1
            if count == k:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return wrapped
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "open", "write"):
        setattr(os, name, wrap(getattr(os, name)))
    Path.write_text = wrap(Path.write_text)
    shutil.rmtree = wrap(shutil.rmtree)

seen = set()
k, status = 0, 1
while status:
    k += 1
    root = Path(sys.argv[1]) / str(k)
    child = os.fork()
    if not child:
        armed(k)
        try:
            attempt(root)
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    store = Store(root)
    failures, finished = store.failures(), store.find(spec) is not None
    assert len(failures) <= 1 and not (failures and finished), k
    seen.add("finished" if finished else failures[0].attempts if failures else "nothing")
    for one in failures:
        assert one.error == "E" and one.traceback == "t", k
    if not finished:
        store.record_failure(spec, **told)
        assert store.failures()[0].attempts == 1 + (failures[0].attempts if failures else 0), k
        with store.begin(spec) as workspace:
            workspace.publish()
    store.clean()
    assert store.failures() == [] and store.find(spec), k
    left = [p.name for p in root.rglob("*") if p.name not in (".incomplete", ".failed")]
    assert sorted(left) == sorted([spec.run_id, "spec.json"]), (k, left)
    assert not list((root / ".incomplete").iterdir()), (k, left)
assert seen == {"nothing", 1, 2, "finished"}, seen
"""


def test_killed_at_every_point(tmp_path):
    code = [sys.executable, "-c", EVERY_POINT, str(tmp_path)]
    done = subprocess.run(code, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
