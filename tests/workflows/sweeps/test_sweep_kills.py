"""kill -9 of the sweep and of its workers at random moments; the store does not care."""

import os
import time

import numpy as np
import pytest

from surefit.workflows.sweeps import sweep

from .conftest import TINY, never_repeated, results


def rounds(lab, cells, kills, seed, longest, **options):
    """Sweep over `cells` again and again until the kills are used up, then to the end."""
    rng, store, done = np.random.default_rng(seed), lab.folder / "killed", 0
    victims = []
    while done < kills:
        with lab.start(store, cells, workers=2, **options) as process:
            while done < kills and process.poll() is None:
                # A random moment: at once, or some way into whatever happens then.
                end = time.monotonic() + rng.uniform(0.0, longest)
                while time.monotonic() < end and process.poll() is None:
                    time.sleep(0.005)
                workers = [pid for pid in lab.processes() if pid != process.pid]
                if process.poll() is not None:
                    break
                whole = rng.random() < 0.4 or not workers
                victim = process.pid if whole else int(rng.choice(workers))
                try:
                    os.kill(victim, 9)
                except ProcessLookupError:
                    continue
                done += 1
                victims.append("sweep" if whole else "worker")
            process.communicate()
        assert lab.alone()  # workers end with their sweep
        assert process.returncode in (0, -9), process.returncode
        assert done == kills or process.returncode == -9, "the grid was too small for the kills"
    with lab.start(store, cells, workers=2, retry_failed=True, **options) as process:
        told = process.communicate()[0]
    assert process.returncode == 0, told
    assert '"failed": []' in told
    return store, victims


def kill_test(lab, cells, kills, seed, longest):
    reference = lab.folder / "whole"
    assert sweep(cells, reference, workers=1, job=TINY).finished == len(cells)
    expected = results(reference)
    lab.log.write_text("")
    store, victims = rounds(lab, cells, kills, seed, longest)
    assert len(victims) == kills and {"sweep", "worker"} == set(victims)
    assert results(store) == expected
    # A process that is killed between publishing and its last line leaves no `end`.
    assert len(never_repeated(lab.log)) >= len(cells) - kills
    assert set(lab.lines("start")) == {cell.run_id for cell in cells}
    assert lab.alone()


def test_eight_kills(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.03")
    kill_test(lab, lab.cells(widths=(15, 16, 17), seeds=6), 8, seed=1, longest=1.5)


@pytest.mark.slow
def test_fifty_kills(lab, monkeypatch):
    monkeypatch.setenv("TINY_PAUSE", "0.05")
    kill_test(lab, lab.cells(widths=range(15, 25), seeds=8), 50, seed=2, longest=2.0)
