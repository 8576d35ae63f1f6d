"""kill -9 of the sweep and of its workers at random moments; the store does not care."""

import os
import time

import numpy as np
import pytest

from surefit.runs import CertifySpec
from surefit.workflows.sweeps import sweep

from .conftest import TINY, never_repeated, results


def rounds(lab, store, cells, kills, rng, longest, **options):
    """Sweep over `cells` again and again until the kills are used up, or all cells are done.

    Returns whom it killed.
    """
    victims, ended = [], False
    while len(victims) < kills and not ended:
        with lab.start(store, cells, workers=2, **options) as process:
            while len(victims) < kills and process.poll() is None:
                whole = rng.random() < 0.4
                # A random moment: while things start, or some way into a cell.
                time.sleep(rng.uniform(0.0, longest))
                workers = [] if whole else others(lab, process)
                if process.poll() is not None:
                    break
                os.kill(process.pid if whole else int(rng.choice(workers)), 9)
                victims.append("sweep" if whole else "worker")
                process.wait() if whole else time.sleep(0.05)
            told = process.communicate()[0]
        assert lab.alone()  # workers end with their sweep
        assert process.returncode in (0, -9), told
        ended = process.returncode == 0
    with lab.start(store, cells, workers=2, retry_failed=True, **options) as process:
        told = process.communicate()[0]
    assert process.returncode == 0, told
    assert '"failed": []' in told
    return victims


def others(lab, process):
    """The workers of a sweep, as soon as there are any; none once it has ended."""
    while process.poll() is None:
        found = sorted(set(lab.processes()) - {process.pid})
        if found:
            return found
        time.sleep(0.01)
    return []


def kill_test(lab, cells, kills, seed, longest, job=TINY):
    reference = lab.folder / "whole"
    assert sweep(cells, reference, workers=1, job=job).finished == len(cells)
    expected, rng, victims = results(reference), np.random.default_rng(seed), []
    # A fast machine is done with all cells before the kills are used up, and begins anew.
    for number in range(kills):
        lab.log.write_text("")
        store, left = lab.folder / f"killed{number}", kills - len(victims)
        found = rounds(lab, store, cells, left, rng, longest, job=job)
        victims += found
        assert results(store) == expected
        # A process that is killed between publishing and its last line leaves no `end`.
        assert len(never_repeated(lab.log)) >= len(cells) - len(found)
        assert set(lab.lines("start")) == {cell.run_id for cell in cells}
        assert lab.alone()
        if len(victims) == kills:
            break
    assert len(victims) == kills and {"sweep", "worker"} == set(victims)


def test_eight_kills(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.08")
    kill_test(lab, lab.cells(widths=(15, 16, 17), seeds=6), 8, seed=1, longest=1.0)


@pytest.mark.slow
def test_fifty_kills(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.3")
    kill_test(lab, lab.cells(widths=range(15, 25), seeds=8), 50, seed=2, longest=2.0)


@pytest.mark.slow
def test_fifty_kills_of_certify_runs(lab):
    cells = [
        CertifySpec(width=width, seed=seed, steps=9, samples=20, classes=(0, 1))
        for width in (32, 48)
        for seed in range(6)
    ]
    kill_test(lab, cells, 50, seed=4, longest=12.0, job="logged_cell:run")
