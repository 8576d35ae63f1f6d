"""Kernels of a batch with itself: blocks of one triangle, and the comparison that measures them."""

import json
import subprocess
import sys
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import products, tangent_kernel

DENSE = sf.Serial(sf.Dense(5, bias_std=0.4), sf.Tanh(), sf.Dense(3))
IMAGES = sf.Serial(sf.Conv(2, 2, bias_std=0.3), sf.Tanh(), sf.Flatten(), sf.Dense(2))
FORMS = ("full", "trace", "per_output")


def drawn(network, n, *shape):
    x = jax.random.normal(jax.random.key(1), (n, *shape))
    return network.init(jax.random.key(0), shape), x


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("network", "n", "shape"), [(DENSE, 12, (4,)), (DENSE, 11, (4,)), (IMAGES, 7, (3, 3, 1))]
)
def test_one_triangle_is_the_whole_kernel_symmetric_to_the_last_bit(
    form, network, n, shape, monkeypatch
):
    # 11 examples leave the last blocks to overlap.
    monkeypatch.setattr(products, "_ROWS", 2)
    params, x = drawn(network, n, *shape)
    kernel, whole = jax.jit(
        lambda p, x: (
            tangent_kernel(network, p, x, form=form),
            tangent_kernel(network, p, x, x, form),
        )
    )(params, x)
    np.testing.assert_allclose(kernel, whole, rtol=1e-12, atol=1e-13)
    axes = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 0, 1)}[kernel.ndim]
    np.testing.assert_array_equal(kernel, np.transpose(kernel, axes))


def test_every_block_of_the_triangle_is_computed_once():
    seen = []

    def block(row, column, size):
        jax.debug.callback(lambda i, j: seen.append((int(i), int(j))), row, column)
        i, j = (at + jnp.arange(size, dtype=at.dtype) for at in (row, column))
        return (i[:, None] + j[None]).astype(float)

    matrix = products.mirrored(block, 11, 4)
    jax.effects_barrier()
    # Three rows each; those of the last block begin earlier, so that they end with the last row.
    starts = [0, 3, 6, 8]
    expected = [(i, j) for k, i in enumerate(starts) for j in starts[: k + 1]]
    assert sorted(seen) == sorted(expected)
    np.testing.assert_array_equal(matrix, np.add.outer(np.arange(11.0), np.arange(11.0)))


def test_gradients_pass_through_the_triangle(monkeypatch):
    params, x = drawn(DENSE, 5, 4)
    weights = jax.random.normal(jax.random.key(2), (5, 3, 5, 3))

    def gradient(rows):
        monkeypatch.setattr(products, "_ROWS", rows)
        of = jax.grad(lambda p: jnp.sum(weights * tangent_kernel(DENSE, p, x)))
        return jax.tree.leaves(jax.jit(of)(params))

    for blocks, whole in zip(gradient(3), gradient(100), strict=True):
        np.testing.assert_allclose(blocks, whole, rtol=1e-10, atol=1e-11)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_measured_peak_is_not_that_of_the_process_that_started_the_measured_one():
    # 400 MB that are held here must not be found there.
    held = np.ones(50_000_000)
    script = "from benchmarks.peers._serving import held; print(held('VmHWM'))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(found.stdout) < held.nbytes


class Played:
    """A side that says what it is told to: seconds of its answers, then its death."""

    seconds: ClassVar = {}

    def __init__(self, name, case, arrays, variables=None):
        del case, arrays, variables
        self.name, self.left = name, iter(self.seconds[name])

    def ask(self, line):
        if line == "run":
            try:
                spent = next(self.left)
            except StopIteration:
                raise ChildProcessError(line) from None
            return {"seconds": spent, "processor": 2 * spent}
        if line.startswith("save"):
            np.savez(line.split()[1], np.ones((2, 2)))
        return json.loads('{"bytes": 3145728}')

    def close(self):
        pass


def test_slow_sides_are_asked_once_and_dead_ones_left_out(monkeypatch, tmp_path, capsys):
    from benchmarks import tangent_kernels as comparison

    case = {"name": "a row", "kind": "images", "target": 2, "rounds": 2}
    Played.seconds = {"surefit": [9.0, 1.0, 3.0], "floor": [1.0, 1.0, 1.0], "peer": [70.0]}
    monkeypatch.setattr(comparison, "Side", Played)
    monkeypatch.setattr(comparison, "given", lambda case: {"x": np.zeros(1)})
    monkeypatch.setattr(comparison, "reference", lambda case, arrays: [np.ones((2, 2))])
    monkeypatch.setattr(comparison, "CASES", [case, {**case, "name": "another"}])
    found = comparison.measured(case, ["surefit", "floor", "peer"])
    assert found["surefit"]["seconds"] == 2.0 and found["peer"]["seconds"] == 70.0
    assert found["peer"]["once"] and "computing" not in found["peer"]
    row = comparison.line(case, found)
    assert "| 2 s | 70 s, once | 35.0x |" in row and "| 3 (3) MiB | 1.00 |" in row

    # The peer dies in the second row, which breaks off: the first is in the file.
    measured = comparison.measured

    def interrupted(case, names):
        if case["name"] == "another":
            raise KeyboardInterrupt
        return measured(case, names)

    Played.seconds["peer"] = [1.0]
    monkeypatch.setattr(comparison, "measured", interrupted)
    monkeypatch.setattr(comparison, "PEER", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        comparison.main(["--out", str(tmp_path / "table.md")])
    kept = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| a row | 2x | 2 s | not measured |" in kept and "another" not in kept
    assert "2 of 2: another" in capsys.readouterr().err
