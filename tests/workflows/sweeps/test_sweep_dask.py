"""Sweeps on Dask clusters: the same results, and nothing is lost when a part of one dies."""

import json
import os
import re
import socket
import time

import numpy as np
import pytest

from surefit.errors import ClusterError
from surefit.runs import Store
from surefit.workflows.sweeps import sweep

from .conftest import TINY, Ear, never_repeated, results

PARTS = ("scheduler", "one", "two")


class Cluster:
    """A scheduler and workers in processes of their own."""

    def __init__(self, lab):
        self.lab, self.parts, self.names = lab, {}, ("scheduler", "one")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def keep(self):
        """Start what does not run."""
        for name in self.names:
            if name in self.parts and self.parts[name].poll() is not None:
                self.kill(name)
            if name not in self.parts:
                self.start(name)

    def start(self, name):
        quiet = ("--no-dashboard",)
        if name == "scheduler":
            words = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port",
                     str(self.port), *quiet)  # fmt: skip
        else:
            words = ("distributed.cli.dask_worker", self.address, "--no-nanny", "--nthreads", "1",
                     "--name", name, "--death-timeout", "30", "--local-directory",
                     str(self.lab.folder / "dask"), *quiet)  # fmt: skip
        self.parts[name] = self.lab.python("-m", *words)

    def kill(self, *names):
        for name in names:
            part = self.parts.pop(name, None)
            if part is not None:
                part.kill()
                part.communicate()


@pytest.fixture
def cluster(lab):
    cluster = Cluster(lab)
    yield cluster
    cluster.kill(*PARTS)


def test_a_cluster_gives_the_same_results(lab):
    cells, ear = lab.cells(seeds=2), Ear()
    assert sweep(cells, lab.folder / "s", workers=1, job=TINY).finished == 4
    failing = lab.cells(widths=(13, 14), seeds=1)
    outcome = sweep(
        [*cells, *failing], lab.folder / "t", dask="local", workers=2, job=TINY, listener=ear
    )
    assert outcome.finished == 4
    assert sorted(outcome.failed) == sorted(cell.run_id for cell in failing)
    store = Store(lab.folder / "t")
    assert sorted(one.error for one in store.failures()) == ["ValueError", "worker_lost"]
    for one in store.failures():
        store.forget_failure(one.run_id)
    for path in (lab.folder / "t" / ".incomplete").iterdir():  # checkpoints of the failed ones
        assert path.name.startswith(tuple(outcome.failed))
        path.rename(lab.folder / path.name)
    assert results(lab.folder / "t") == results(lab.folder / "s")
    assert ear.of("planned") == [(6, 0, 0, None)]
    assert len(ear.of("finished")) == 4
    assert {run_id for run_id, _ in ear.of("started")} == {c.run_id for c in [*cells, *failing]}
    assert lab.alone()


def test_no_scheduler_there(lab, monkeypatch):
    monkeypatch.setattr("surefit.workflows.sweeps.dask_client._CONNECT", 0.5)
    with pytest.raises(ClusterError, match="address of a Dask scheduler that runs") as caught:
        sweep(lab.cells(), lab.folder / "s", dask="tcp://127.0.0.1:9", job=TINY)
    assert "dask worker ADDRESS" in str(caught.value)


def test_a_killed_scheduler_is_told_and_the_next_sweep_does_the_rest(lab, cluster, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.05")
    store, cells = lab.folder / "s", lab.cells(seeds=3)
    cluster.keep()
    with lab.start(store, cells, dask=cluster.address) as process:
        while not lab.lines("end"):
            time.sleep(0.02)
        cluster.kill("scheduler")
        told = process.communicate(timeout=60)[0]
    assert process.returncode == 2, told
    assert "ClusterError" in told and "Start the scheduler and its workers again" in told
    finished = {run.run_id for run in Store(store).runs()}
    assert finished
    cluster.kill("one", "two")
    cluster.keep()
    with lab.start(store, cells, dask=cluster.address) as process:
        told = json.loads(process.communicate(timeout=120)[0].splitlines()[-1])
    assert told["failed"] == [] and told["finished"] + told["reused"] == 6
    cluster.kill(*PARTS)
    assert lab.alone()
    assert len(never_repeated(lab.log)) == 6
    assert sweep(cells, lab.folder / "t", workers=1, job=TINY).finished == 6
    assert results(store) == results(lab.folder / "t")


@pytest.mark.slow
def test_fifty_kills_of_every_part(lab, cluster, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.05")
    rng, stores = np.random.default_rng(3), [lab.folder / "s0"]
    cells, killed = lab.cells(widths=range(15, 25), seeds=12), []
    cluster.names = PARTS
    while len(killed) < 50:
        cluster.keep()
        with lab.start(stores[-1], cells, dask=cluster.address) as process:
            while len(killed) < 50 and process.poll() is None:
                end = time.monotonic() + rng.uniform(0.0, 4.0)
                while time.monotonic() < end and process.poll() is None:
                    time.sleep(0.01)
                if process.poll() is not None:
                    break
                part = str(rng.choice(["scheduler", "one", "two", "sweep", "helper"]))
                helpers = set(lab.processes()) - {process.pid}
                helpers -= {one.pid for one in cluster.parts.values()}
                if part == "sweep":
                    process.kill()
                elif part == "helper":
                    if not helpers:
                        continue
                    os.kill(int(rng.choice(sorted(helpers))), 9)
                else:
                    cluster.kill(part)
                killed.append(part)
                if part in ("one", "two"):
                    cluster.keep()
            told = process.communicate(timeout=120)[0]
        assert process.returncode in (0, -9) or "ClusterError" in told, told
        if process.returncode == 0 and len(killed) < 50:
            # A fast machine is done with all cells before the kills are used up: once more.
            never_repeated(lab.log)
            lab.log.write_text("")
            stores.append(lab.folder / f"s{len(stores)}")
        if "scheduler" in killed[-1:]:
            cluster.kill("one", "two")  # they would end by themselves, after half a minute
    assert set(killed) == {"scheduler", "one", "two", "sweep", "helper"}
    cluster.keep()
    with lab.start(stores[-1], cells, dask=cluster.address, retry_failed=True) as process:
        told = process.communicate(timeout=300)[0]
    assert re.search(r'"failed": \[\]', told), told
    cluster.kill(*PARTS)
    assert lab.alone()
    never_repeated(lab.log)
    assert sweep(cells, lab.folder / "t", workers=2, job=TINY).finished == len(cells)
    expected = results(lab.folder / "t")
    assert all(results(store) == expected for store in stores)
