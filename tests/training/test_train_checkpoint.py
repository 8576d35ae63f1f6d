"""Interrupted runs go on, and end as if nothing had happened."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import surefit as sf
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError, StorageError
from surefit.training import checkpoint as module

WATCHED = ["distance", "path_length"]


@pytest.fixture
def always(monkeypatch):
    """Write at every pause."""
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "_SHARE", 1e9)


def assert_identical(first, second):
    (params1, run1), (params2, run2) = first, second
    for i in (0, 2):
        np.testing.assert_array_equal(params1[i]["w"], params2[i]["w"])
    assert list(run1.series) == list(run2.series)
    for name in run1.series:
        np.testing.assert_array_equal(run1[name].times, run2[name].times)
        np.testing.assert_array_equal(run1[name].values, run2[name].values)
    facts = ("method", "step_size", "steps", "status", "message")
    assert all(getattr(run1, name) == getattr(run2, name) for name in facts)


class Crash(Exception):
    """The process is gone."""


def crashing(at):
    def progress(step, steps, values):
        if step >= at:
            raise Crash

    return progress


METHODS = {
    "gradient_descent": sf.GradientDescent(),
    "sgd": sf.StochasticGradientDescent(batch_size=2),
    "gradient_flow": sf.GradientFlow(time=20.0),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_crash_at_any_pause_changes_nothing(small, name, tmp_path, always):
    def run(progress=None, checkpoint=None):
        return sf.train(
            small,
            small.init(0),
            METHODS[name],
            steps=150,
            monitors=[*WATCHED, "kernel_drift", "gram_smallest"],
            seed=5,
            progress=progress,
            checkpoint=checkpoint,
        )

    expected = run()
    for at in (1, 7, 40, 41, 130):
        with pytest.raises(Crash):
            run(crashing(at), tmp_path)
    assert_identical(run(checkpoint=tmp_path), expected)
    # Once more: the finished run is there, apart from the last steps since the last pause.
    told = []
    assert_identical(run(lambda step, *_: told.append(step), tmp_path), expected)
    assert told == [150]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["training.npz"]


def test_an_interrupted_run_goes_on(small, tmp_path):
    def interrupt(step, steps, values):
        if step == 64:
            signal.raise_signal(signal.SIGINT)

    arguments = {"steps": 100, "monitors": WATCHED, "checkpoint": tmp_path}
    _, run = sf.train(small, small.init(0), progress=interrupt, **arguments)
    assert run.status is Status.INTERRUPTED and run.steps == 64.0
    assert "The same call goes on from there" in run.message
    told = []
    resumed = sf.train(
        small, small.init(0), progress=lambda step, *_: told.append(step), **arguments
    )
    assert told[0] > 64
    assert_identical(resumed, sf.train(small, small.init(0), steps=100, monitors=WATCHED))


def test_a_finished_run_can_be_prolonged_but_not_shortened(small, tmp_path):
    start = small.init(0)
    sf.train(small, start, steps=45, monitors=WATCHED, checkpoint=tmp_path)
    longer = sf.train(small, start, steps=150, monitors=WATCHED, checkpoint=tmp_path)
    assert_identical(longer, sf.train(small, start, steps=150, monitors=WATCHED))
    with pytest.raises(InvalidInputError, match=r"train\(steps=...\)` must be at least 144"):
        sf.train(small, start, steps=100, monitors=WATCHED, checkpoint=tmp_path)


def test_the_stop_condition_is_asked_again_where_a_run_goes_on(small, tmp_path):
    def run():
        return sf.train(
            small,
            small.init(0),
            steps=500,
            monitors=WATCHED,
            checkpoint=tmp_path,
            stop=lambda problem, params, step: step == 128,
        )

    first = run()
    assert first[1].steps == 128.0
    assert_identical(run(), first)


CHANGES = {
    "data": lambda p: {"problem": sf.Problem(p.network, p.x, 2 * np.asarray(p.y))},
    "network": lambda p: {
        "problem": sf.Problem(sf.models.shallow(16, antisymmetric=False), p.x, p.y)
    },
    "loss": lambda p: {"problem": sf.Problem(p.network, p.x, p.y, sf.MeanSquared())},
    "initial parameters": lambda p: {"params": p.init(1)},
    "method": lambda p: {"method": sf.GradientDescent(step_size=0.25)},
    "monitors": lambda p: {"monitors": ["distance"]},
    "schedule": lambda p: {"every": 10},
    "seed": lambda p: {"seed": 1},
}


@pytest.mark.parametrize("part", CHANGES)
def test_another_run_is_refused_with_what_differs(small, tmp_path, part):
    arguments = {
        "problem": small,
        "params": small.init(0),
        "method": sf.GradientDescent(step_size=0.125),
        "steps": 20,
        "monitors": WATCHED,
        "checkpoint": tmp_path,
    }
    sf.train(**arguments)
    content = (tmp_path / "training.npz").read_bytes()
    with pytest.raises(InvalidInputError, match="must name a directory of the same run") as error:
        sf.train(**(arguments | CHANGES[part](small)))
    assert f"which differs in: {part} (" in str(error.value)
    assert str(error.value).count(" there, ") == 1
    assert (tmp_path / "training.npz").read_bytes() == content


def test_an_automatic_step_size_that_differs_in_its_last_bits_goes_on(small, tmp_path, always):
    settled = sf.GradientDescent().settle(small, small.init(0), 1)
    run = {"steps": 60, "monitors": WATCHED, "checkpoint": tmp_path}
    with pytest.raises(Crash):
        sf.train(small, small.init(0), settled, progress=crashing(20), **run)
    near = sf.GradientDescent(step_size=float(np.nextafter(settled.step_size, 1)))
    _, found = sf.train(small, small.init(0), near, **run)
    assert found.step_size == settled.step_size


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:200] + b"x" * 50 + b[250:]]
)
def test_a_damaged_file_is_named(small, tmp_path, damage):
    arguments = {"steps": 20, "monitors": WATCHED, "checkpoint": tmp_path}
    sf.train(small, small.init(0), **arguments)
    path = tmp_path / "training.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StorageError, match=r"training.npz must be a checkpoint.*Delete it"):
        sf.train(small, small.init(0), **arguments)


def rewritten(path, change):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays["head"].tobytes())
    change(arrays, head)
    np.savez(path, **(arrays | {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays, head: arrays.update(leaf0=np.ones(3)), "must hold the arrays of this run"),
        (lambda arrays, head: arrays.pop("leaf1"), "must be a checkpoint that"),
        (lambda arrays, head: head.update(format=0), "has format 0 and not 1"),
        (lambda arrays, head: head.pop("losses"), "must be a checkpoint that"),
    ],
)
def test_an_edited_file_is_named(small, tmp_path, change, message):
    arguments = {"steps": 20, "monitors": WATCHED, "checkpoint": tmp_path}
    sf.train(small, small.init(0), **arguments)
    rewritten(tmp_path / "training.npz", change)
    with pytest.raises(StorageError, match=f"training.npz.*{message}"):
        sf.train(small, small.init(0), **arguments)


def test_a_full_disk_is_named_and_leaves_the_old_file(small, tmp_path, monkeypatch):
    arguments = {"monitors": WATCHED, "checkpoint": tmp_path}
    sf.train(small, small.init(0), steps=20, **arguments)
    content = (tmp_path / "training.npz").read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"must be writable while training. No space left"):
        sf.train(small, small.init(0), steps=40, **arguments)
    assert (tmp_path / "training.npz").read_bytes() == content


def test_a_directory_that_cannot_be_written(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="must be a directory that can be written"):
        sf.train(small, small.init(0), checkpoint=tmp_path / "file" / "below")


KILLED = """
import sys, time
import numpy as np
import surefit as sf
from surefit.training import checkpoint
checkpoint.INTERVAL, checkpoint._SHARE = 0.0, 1e9
x = np.random.default_rng(0).normal(size=(6, 4))
x /= np.linalg.norm(x, axis=1, keepdims=True)
problem = sf.Problem(sf.models.shallow(16), x, np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]))
def progress(step, steps, values):
    print(step, flush=True)
    time.sleep(0.002)
params, run = sf.train(
    problem, problem.init(0), sf.StochasticGradientDescent(batch_size=2), steps=6000, seed=1,
    monitors=["distance", "path_length"], checkpoint=sys.argv[1], progress=progress)
with open(f"{sys.argv[1]}/result.npz", "wb") as file:
    np.savez(file, w=params[0]["w"], a=params[2]["w"],
             **{key: series.values for key, series in run.series.items()})
"""


@pytest.mark.usefixtures("compiled_alike")
def test_kill_9_at_any_time_and_the_same_call_again(small, tmp_path):
    chance, steps_seen, killed = random.Random(7), [], 0
    for attempt in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        with process:
            if killed < 3:
                for _ in range(chance.randrange(10, 30)):
                    line = process.stdout.readline()
                    steps_seen.append(int(line)) if line.strip() else None
                time.sleep(chance.random() * 0.004)
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
            else:
                process.stdout.read()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, f"attempt {attempt}"
    # It went on every time, and never from the beginning.
    assert killed == 3 and steps_seen.count(1) == 1 and max(steps_seen) > 50
    method = sf.StochasticGradientDescent(batch_size=2)
    params, run = sf.train(small, small.init(0), method, steps=6000, seed=1, monitors=WATCHED)
    with np.load(tmp_path / "result.npz") as found:
        np.testing.assert_array_equal(found["w"], params[0]["w"])
        np.testing.assert_array_equal(found["a"], params[2]["w"])
        for key, series in run.series.items():
            np.testing.assert_array_equal(found[key], series.values)
