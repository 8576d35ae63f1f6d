"""Processes that are killed with SIGKILL, at every point of their work, and processes in a race."""

import os
import signal
import subprocess
import sys
import time

import pytest

from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store

SPEC = CertifySpec(seed=3)

HOLD = """
import sys, time
from surefit.runs import CertifySpec, Store
with Store(sys.argv[1]).begin(CertifySpec(seed=3)) as workspace:
    (workspace.path / "result.json").write_text("{}")
    (workspace.scratch / "step_100").write_text("weights")
    print("ready", flush=True)
    time.sleep(600)
    workspace.publish()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline().strip() == "ready"
        yield process
        process.kill()


def test_killed_in_the_middle(tmp_path, holder):
    store = Store(tmp_path)
    assert store.runs() == []
    os.kill(holder.pid, signal.SIGKILL)
    assert holder.wait() == -signal.SIGKILL
    assert store.runs() == []
    assert store.find(SPEC) is None
    with store.begin(SPEC) as workspace:
        assert workspace.resumed
        assert (workspace.scratch / "step_100").read_text() == "weights"
        assert (workspace.path / "result.json").read_text() == "{}"
        workspace.publish()
    assert store.find(SPEC)
    assert sorted(path.name for path in (tmp_path / ".incomplete").iterdir()) == []


def test_the_second_process_is_told_about_the_first(tmp_path, holder):
    store = Store(tmp_path)
    message = f"process {holder.pid} works"
    with pytest.raises(StorageError, match=message) as caught, store.begin(SPEC):
        pytest.fail("two processes in one run")
    assert SPEC.run_id in str(caught.value)
    assert "Wait until it has finished" in str(caught.value)
    assert (tmp_path / ".incomplete" / f"{SPEC.run_id}.scratch" / "step_100").exists()
    with store.begin(CertifySpec(seed=4)) as other:
        other.publish()


# The process kills itself before the k-th change of the file system, for every k until it gets
# through; each time the next attempt must see nothing or a whole run, and be able to finish.
EVERY_POINT = """
import os, pathlib, shutil, signal, sys
from pathlib import Path
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store

spec = CertifySpec(seed=3)
FILES = {"spec.json", "result.json", "arrays", "a.npz"}

def attempt(root):
    with Store(root).begin(spec) as workspace:
        (workspace.scratch / "step_100").write_text("weights")
        (workspace.path / "arrays").mkdir(exist_ok=True)
        (workspace.path / "arrays" / "a.npz").write_text("a" * 100)
        (workspace.path / "result.json").write_text("{}")
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
    for name in ("mkdir", "fsync", "rename", "replace", "unlink", "rmdir", "open", "write"):
        setattr(os, name, wrap(getattr(os, name)))
    Path.write_text = wrap(Path.write_text)
    shutil.rmtree = wrap(shutil.rmtree)

seen = {"nothing": 0, "whole": 0}
k = 0
while True:
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
    runs = store.runs()
    seen["whole" if runs else "nothing"] += 1
    if runs:
        (run,) = runs
        assert {p.name for p in run.path.rglob("*")} == FILES, k
        assert store.find(spec) == run.path
        with Store(root).begin(CertifySpec(seed=4)) as other:  # clears left-over checkpoints
            other.discard()
        assert not list(root.glob(".incomplete/*.scratch")), k
    else:
        assert store.find(spec) is None
        assert not (root / spec.run_id).exists(), k
        attempt(root)
        assert store.find(spec), k
        assert {p.name for p in store.find(spec).rglob("*")} == FILES, k
        assert not list(root.glob(".incomplete/*")), k
    if not os.WIFSIGNALED(status):
        break
print(k, seen["nothing"], seen["whole"])
"""


def test_killed_at_every_point(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", EVERY_POINT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    points, nothing, whole = map(int, done.stdout.split())
    assert nothing + whole == points
    assert nothing > 15  # before the renaming: the workspace, its files, their syncing
    assert whole > 2  # after it: the root's syncing, the checkpoints, the lock, and the last one


# All processes start at once on one run; exactly one publishes.
RACE = """
import os, sys, time
from pathlib import Path
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store

root, me, start = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
print("ready", flush=True)
while not start.exists():
    time.sleep(0.001)
try:
    with Store(root).begin(CertifySpec(seed=3)) as workspace:
        for name in ("one", "two"):
            (workspace.path / name).write_text(me)
            time.sleep(0.05)
        workspace.publish()
    print("published", flush=True)
except StorageError as error:
    print(error, flush=True)
"""


def test_of_processes_in_a_race_one_publishes(tmp_path):
    root, start = tmp_path / "runs", tmp_path / "start"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(root), str(me), str(start)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in range(3)
    ]
    for racer in racers:
        assert racer.stdout.readline().strip() == "ready"
    start.touch()
    answers = [racer.communicate()[0].strip() for racer in racers]
    winners = [me for me, answer in enumerate(answers) if answer == "published"]
    assert len(winners) == 1
    path = Store(root).find(SPEC)
    assert {(path / name).read_text() for name in ("one", "two")} == {str(winners[0])}
    losers = [answer for answer in answers if answer != "published"]
    assert all("must be the only one at work" in a or "not finished" in a for a in losers)


def test_readers_never_see_part_of_a_run(tmp_path):
    store = Store(tmp_path)
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from surefit.runs import CertifySpec, Store\n"
            "for seed in range(60):\n"
            "    with Store(sys.argv[1]).begin(CertifySpec(seed=seed)) as workspace:\n"
            "        for name in 'abcdefgh':\n"
            "            (workspace.path / name).write_text('x' * 1000)\n"
            "        workspace.publish()\n",
            str(tmp_path),
        ]
    )
    with writer:
        while writer.poll() is None:
            for run in store.runs():
                assert sorted(p.name for p in run.path.iterdir()) == [*"abcdefgh", "spec.json"]
                assert all((run.path / name).stat().st_size == 1000 for name in "abcdefgh")
            time.sleep(0.005)
    assert writer.returncode == 0
    assert len(store.runs()) == 60


def test_the_store_needs_no_jax():
    # Listing runs, and processes of a sweep that only look, start without the compiler.
    code = "import sys, surefit.runs; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
