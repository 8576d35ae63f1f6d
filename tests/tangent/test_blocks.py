"""Gram matrices on disk: whole blocks, resume after a kill, regression over them."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import blocks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
X[5] = X[4]


def gaussian(a, b):
    return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))


KERNEL = blocks.FunctionBlocks(gaussian, "gaussian, bandwidth 1")
WHOLE = gaussian(X, X)

# A run that is slow enough to be killed in the middle, and counts what it computes.
SCRIPT = """
import sys, time
import numpy as np
from surefit.tangent import blocks

def slow(a, b):
    time.sleep(float(sys.argv[2]))
    with open(sys.argv[1] + "/calls", "a") as file:
        file.write("x")
    return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))

blocks.fill(sys.argv[1] + "/store", blocks.FunctionBlocks(slow, "gaussian, bandwidth 1"),
            np.load(sys.argv[1] + "/x.npy"), block=5)
"""


def test_a_killed_run_resumes_without_computing_a_finished_block_again(tmp_path):
    np.save(tmp_path / "x.npy", X)
    script = tmp_path / "run.py"
    script.write_text(SCRIPT, encoding="utf-8")
    running = subprocess.Popen([sys.executable, script, tmp_path, "0.05"])
    done, until = tmp_path / "store" / "done", time.monotonic() + 300
    while not (done.exists() and len(os.listdir(done)) >= 4):
        assert running.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    store = blocks.GramStore.open(tmp_path / "store")
    finished = 15 - len(store.missing())
    assert 4 <= finished < 15
    stamps = {p.name: p.stat().st_mtime_ns for p in done.iterdir() if not p.name.startswith(".")}
    computed = []
    again = blocks.fill(
        tmp_path / "store", KERNEL, X, block=5, progress=lambda n, all_: computed.append((n, all_))
    )
    assert computed == [(n, 15) for n in range(finished + 1, 16)]
    assert all((done / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items())
    assert again.damaged() == []
    np.testing.assert_array_equal(again.to_array(), WHOLE)


def test_other_work_in_the_same_directory_is_refused(tmp_path):
    blocks.fill(tmp_path, KERNEL, X, block=10)
    for kernel, x, block in (
        (blocks.FunctionBlocks(gaussian, "another"), X, 10),
        (KERNEL, X + 1e-9, 10),
        (KERNEL, X, 12),
    ):
        with pytest.raises(sf.errors.StorageError, match="Blocks of two matrices would be mixed"):
            blocks.fill(tmp_path, kernel, x, block=block)


def test_a_store_reads_its_matrix_in_every_way(tmp_path):
    store = blocks.fill(tmp_path, KERNEL, X, block=10)
    np.testing.assert_array_equal(store.read(0, 2), WHOLE[:10, 20:])
    np.testing.assert_array_equal(store.diagonal(), np.ones(23))
    picked = np.array([3, 21, 9])
    np.testing.assert_array_equal(store.columns(picked), WHOLE[:, picked])
    v = RNG.normal(size=(23, 2))
    product = blocks.BlockProduct(store, held_bytes=10**6)
    for _ in range(2):  # from disk, then from memory
        np.testing.assert_allclose(product(v), WHOLE @ v, rtol=1e-13)
    assert json.loads((tmp_path / "manifest.json").read_text())["kernel"].startswith("function")


def test_missing_and_damaged_blocks_are_known(tmp_path):
    store = blocks.fill(tmp_path, KERNEL, X, block=10)
    store.discard(2, 1)
    assert store.missing() == [(2, 1)]
    with pytest.raises(sf.errors.StorageError, match="1 blocks are missing"):
        store.read(1, 2)
    store = blocks.fill(tmp_path, KERNEL, X, block=10)
    store._array("r+")[0, 0] = 7.0
    assert store.damaged() == [(0, 0)]
    with pytest.raises(sf.errors.StorageError, match="must be a store of blocks"):
        blocks.GramStore.open(tmp_path / "nowhere")
    with pytest.raises(sf.errors.InvalidInputError, match="must be given finite numbers"):
        store.write(0, 0, np.full((10, 10), np.nan))
    with pytest.raises(sf.errors.InvalidInputError, match="must be at least 1"):
        blocks.GramStore.create(tmp_path / "new", 0, 1, "float64", "", "")


def test_limit_and_empirical_kernels_are_stored_as_they_are(tmp_path):
    network = sf.Serial(sf.Dense(6), sf.Relu(), sf.Dense(2))
    params = network.init(jax.random.key(0), (3,))
    limit = blocks.fill(tmp_path / "limit", blocks.LimitBlocks(network), X, block=12)
    expected = sf.limit_kernel(network, jax.numpy.asarray(X)).ntk
    np.testing.assert_allclose(limit.to_array(), expected, rtol=1e-10)
    kernel = blocks.EmpiricalBlocks(network, params)
    found = blocks.fill(tmp_path / "empirical", kernel, X, block=12)
    np.testing.assert_allclose(found.to_array(), sf.empirical_ntk(network, params, X), rtol=1e-12)
    other = blocks.EmpiricalBlocks(network, jax.tree.map(lambda p: 1.001 * p, params))
    assert other.identity(X) != kernel.identity(X) == kernel.identity(X.copy())
    with pytest.raises(sf.errors.InvalidInputError, match="a number per pair of examples"):
        blocks.FunctionBlocks(lambda a, b: np.zeros(3), "wrong")(X)


@pytest.mark.parametrize("rank", [None, 0])
def test_kernel_ridge_is_the_direct_solve(rank, tmp_path):
    store = blocks.fill(tmp_path, KERNEL, X, block=7)
    y = RNG.normal(size=(23, 2))
    fit = blocks.kernel_ridge(store, y, 1e-3, rank=rank, tolerance=1e-11)
    assert fit.converged and fit.residuals.max() <= 1e-11 and "converged" in fit.message
    exact = np.linalg.solve(WHOLE + 1e-3 * np.eye(23), y)
    np.testing.assert_allclose(fit.coefficients, exact, rtol=1e-7, atol=1e-7)
    tests = RNG.normal(size=(4, 3))
    found = blocks.predict(KERNEL, tests, X, fit.coefficients, block=9)
    np.testing.assert_allclose(found, gaussian(tests, X) @ fit.coefficients, rtol=1e-11)


def test_the_preconditioner_saves_iterations(tmp_path):
    x = np.random.default_rng(1).normal(size=(150, 2))
    store = blocks.fill(tmp_path, KERNEL, x, block=40)
    y = np.sin(x[:, 0])
    plain = blocks.kernel_ridge(store, y, 1e-6, rank=0, max_iterations=200, held_bytes=10**7)
    quick = blocks.kernel_ridge(store, y, 1e-6, rank=60, held_bytes=10**7)
    assert quick.converged and not plain.converged and quick.iterations < 60
    capped = blocks.kernel_ridge(store, y, 1e-6, rank=0, max_iterations=3)
    assert not capped.converged and "after 3 iterations" in capped.message


def test_a_partial_factor_leaves_what_it_says(tmp_path):
    store = blocks.fill(tmp_path, KERNEL, X, block=8)
    part = blocks.partial_cholesky(store, 9)
    left = WHOLE - part.factor @ part.factor.T
    assert np.linalg.eigvalsh(left).min() > -1e-12
    np.testing.assert_allclose(part.remainder, np.trace(left) / 23, rtol=1e-8)
    basis, weights = part.inverse(0.1)
    inverse = (np.eye(23) - (basis * weights) @ basis.T) / 0.1
    expected = np.linalg.inv(part.factor @ part.factor.T + 0.1 * np.eye(23))
    np.testing.assert_allclose(inverse, expected, atol=1e-10)
    # Two examples are the same: no factor has the full rank, and none breaks down.
    assert blocks.partial_cholesky(store, 23).remainder < 1e-9


def test_an_indefinite_matrix_is_told(tmp_path):
    kernel = blocks.FunctionBlocks(lambda a, b: -gaussian(a, b), "negative")
    store = blocks.fill(tmp_path, kernel, X, block=10)
    fit = blocks.kernel_ridge(store, X[:, 0], 1e-3, rank=0)
    assert not fit.converged and "not positive definite" in fit.message


def test_bad_input_of_regression_and_fill(tmp_path):
    store = blocks.fill(tmp_path, KERNEL, X, block=30)
    for arguments, words in (
        ((X[:5, 0], 1.0), "a finite row per example"),
        ((X[:, 0], -1.0), "a finite number >= 0"),
    ):
        with pytest.raises(sf.errors.InvalidInputError, match=words):
            blocks.kernel_ridge(store, *arguments)
    with pytest.raises(sf.errors.InvalidInputError, match="between 0 and 1"):
        blocks.kernel_ridge(store, X[:, 0], 1.0, tolerance=2.0)
    for bad in (np.arange(3), np.array([[np.nan]])):
        with pytest.raises(sf.errors.InvalidInputError, match="finite floating numbers"):
            blocks.fill(tmp_path / "other", KERNEL, bad)


def test_without_the_extra_the_message_says_what_to_install(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(sf.errors.MissingDependencyError, match=r"pip install 'surefit\[dask\]'"):
        blocks.fill(tmp_path, KERNEL, X)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_computes_and_multiplies(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None
    ) as client:
        store = blocks.fill(tmp_path, KERNEL, X, block=8, client=client)
        np.testing.assert_array_equal(store.to_array(), WHOLE)
        fit = blocks.kernel_ridge(store, X[:, 0], 1e-2, client=client)
    np.testing.assert_allclose(
        fit.coefficients[:, 0], np.linalg.solve(WHOLE + 1e-2 * np.eye(23), X[:, 0]), rtol=1e-6
    )
